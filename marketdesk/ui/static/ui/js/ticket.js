/* Keys of the ticket page (r, t, n, p, Ctrl+Enter) and the running sum of the checked items. */
import { counted, isTyping, money } from "./words.js";

const keys = {
  r: () => document.querySelector("[data-reply]"),
  t: () => document.querySelector("[data-template-search]"),
};

document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    const form = event.target.closest?.("form");
    const send = form?.querySelector("[data-send]");
    if (send && !event.isComposing) { event.preventDefault(); send.click(); } // htmx names only a clicked button
    return;
  }
  if (isTyping(event)) return;
  if (event.key === "n" || event.key === "p") {
    document.querySelector(`a[rel~=${event.key === "n" ? "next" : "prev"}]`)?.click();
    return;
  }
  const target = keys[event.key]?.();
  if (!target) return;
  event.preventDefault();
  target.focus();
  target.scrollIntoView({ block: "nearest" });
});

function add(list) {
  const checked = [...list.querySelectorAll("[data-amount]")].filter((box) => box.checked && !box.disabled);
  const sum = checked.reduce((total, box) => total + Number(box.dataset.amount), 0);
  const form = list.closest("form") ?? document;
  const count = form.querySelector("[data-sum-count]");
  const total = form.querySelector("[data-sum-total]");
  if (count) count.textContent = counted(list, checked.length);
  if (total) total.textContent = money(sum, list.dataset.currency);
}

document.addEventListener("change", (event) => {
  const list = event.target.closest?.("[data-sum]");
  if (list) add(list);
});
// A reload may bring back ticks that the server did not draw.
addEventListener("pageshow", () => document.querySelectorAll("[data-sum]").forEach(add));
document.addEventListener("htmx:load", () => document.querySelectorAll("[data-sum]").forEach(add));

// htmx begins a new page at its top; what asks for an answer there (a confirmation, a refusal) comes into view.
document.addEventListener("htmx:afterSettle", () => requestAnimationFrame(() => document.querySelector("main [autofocus]")?.scrollIntoView({ block: "center" })));
