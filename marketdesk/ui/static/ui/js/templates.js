/* Templates: found as one types, read before they go anywhere, and put in at the cursor, never over what was typed. */

const changed = (element) => element.dispatchEvent(new Event("input", { bubbles: true }));

// A field that nobody has been in has its cursor before the first letter: a draft there would end up below the template.
document.addEventListener("focusin", (event) => {
  if (event.target.matches?.("[data-reply]")) event.target.placed = true;
});

function insert(field, text) {
  if (!field.placed) field.setSelectionRange(field.value.length, field.value.length);
  const before = field.value.slice(0, field.selectionStart);
  const after = field.value.slice(field.selectionEnd);
  const lead = before && !before.endsWith("\n") ? "\n\n" : "";
  const tail = after && !after.startsWith("\n") ? "\n\n" : "";
  field.focus();
  // execCommand keeps the browser's own undo; setRangeText is what remains where it is gone.
  const done = document.execCommand?.("insertText", false, lead + text + tail);
  if (!done) {
    field.setRangeText(lead + text + tail, field.selectionStart, field.selectionEnd, "end");
    changed(field);
  }
}

document.addEventListener("click", (event) => {
  const button = event.target.closest?.("button.template");
  const field = button?.closest(".reply")?.querySelector("[data-reply]");
  if (!field) return;
  event.preventDefault();
  const offer = button.closest("details");
  insert(field, offer.querySelector("[data-text-goes]").textContent.trim());
  offer.open = false;
});

// What is opened may lie outside the window.
document.addEventListener("toggle", (event) => {
  if (event.target.matches?.(".templates details[open]")) event.target.querySelector(".preview").scrollIntoView({ block: "nearest" });
}, { capture: true });

/* The same folding as lib/folding.py: what the server would find is what stays visible. */
const PLAIN = { ß: "ss", ı: "i", ł: "l", đ: "d", ø: "o", æ: "ae", œ: "oe", ى: "ي", ة: "ه" };
const folded = (text) =>
  text.normalize("NFKD").replace(/[\p{Mn}\p{Cf}ـ]/gu, "").toLowerCase().replace(/[ßıłđøæœىة]/g, (letter) => PLAIN[letter]);
const wordsOf = (offer) => folded([...offer.querySelectorAll("[lang]")].map((part) => part.textContent).join(" "));

function sift(search) {
  const box = search.closest(".templates");
  const words = folded(search.value).split(/\s+/).filter(Boolean);
  let found = false;
  for (const offer of box.querySelectorAll("li")) {
    offer.words ??= wordsOf(offer);
    offer.hidden = !words.every((word) => offer.words.includes(word));
    found ||= !offer.hidden;
  }
  box.querySelector("[data-template-none]").hidden = found;
}

const offers = (box) => [...box.querySelectorAll("li:not([hidden]) > details")];

document.addEventListener("input", (event) => {
  if (event.target.matches?.("[data-template-search]")) sift(event.target);
});
// A browser that comes back to a page may bring back what was looked for.
addEventListener("pageshow", () => document.querySelectorAll("[data-template-search]").forEach(sift));

/* Enter opens the first that was found, and a second Enter puts it in; arrows go from one to the next. */
document.addEventListener("keydown", (event) => {
  const box = event.target.closest?.(".templates");
  if (!box || event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
  const isSearch = event.target.matches("[data-template-search]");
  const all = offers(box);
  if (event.key === "Enter" && isSearch) {
    event.preventDefault();
    if (all.length === 0) return;
    all[0].open = true;
    all[0].querySelector("button.template").focus();
  } else if (event.key === "Escape" && event.target.closest("details[open]")) {
    const open = event.target.closest("details");
    open.open = false;
    open.querySelector("summary").focus();
  } else if (["ArrowDown", "ArrowUp"].includes(event.key) && (isSearch || event.target.matches("summary"))) {
    event.preventDefault();
    const at = all.indexOf(event.target.closest("details")) + (event.key === "ArrowDown" ? 1 : -1);
    const next = at < 0 ? box.querySelector("[data-template-search]") : all[Math.min(at, all.length - 1)]?.querySelector("summary");
    next?.focus();
  }
});
