/* The reply form: pictures by choosing, pasting or dropping, one send a click. */
import { words } from "./words.js";

/* Pictures. The file input stays the truth, so that the form sends what is shown. */
const list = (box) => box.closest("form").querySelector("[data-chosen]");

function put(input, files) {
  const box = input.closest("[data-files]");
  const max = Number(box.dataset.max || 5);
  const all = new DataTransfer();
  for (const file of files.slice(0, max)) all.items.add(file);
  input.files = all.files;
  input.kept = [...all.files];
  show(box, input, files.length > max ? words(box, "too-many", { max }) : "");
}

function show(box, input, complaint) {
  const target = list(box);
  if (!target) return;
  target.replaceChildren(...[...input.files].map((file, index) => {
    const item = document.createElement("li");
    const name = document.createElement("span");
    name.textContent = file.name;
    name.dir = "auto";
    const remove = document.createElement("button");
    remove.type = "button";
    remove.textContent = words(box, "remove-word") || "×";
    remove.setAttribute("aria-label", words(box, "remove", { name: file.name }));
    remove.addEventListener("click", () => {
      put(input, [...input.files].filter((_, at) => at !== index));
      input.focus();
    });
    item.append(name, remove);
    draw(file, item);
    return item;
  }));
  if (complaint) {
    const line = document.createElement("li");
    line.className = "error";
    line.setAttribute("role", "alert");
    line.textContent = complaint;
    target.append(line);
  }
}

// A canvas, not a blob: address, so that the content policy can stay at 'self'.
async function draw(file, item) {
  try {
    const picture = await createImageBitmap(file);
    const canvas = document.createElement("canvas");
    const scale = Math.max(192 / picture.width, 144 / picture.height);
    canvas.width = 192;
    canvas.height = 144;
    canvas.getContext("2d").drawImage(picture, (192 - picture.width * scale) / 2, (144 - picture.height * scale) / 2, picture.width * scale, picture.height * scale);
    canvas.setAttribute("aria-hidden", "true");
    item.prepend(canvas);
    picture.close();
  } catch { /* not a picture that this browser can draw: its name is enough */ }
}

const pictures = (transfer) => [...(transfer?.files ?? [])].filter((file) => file.type.startsWith("image/"));
const inputOf = (target) => target.closest?.("form")?.querySelector("[data-files] input[type=file]");

function enhance() {
  for (const box of document.querySelectorAll("[data-files]:not(.enhanced)")) box.classList.add("enhanced");
}
enhance();
document.addEventListener("htmx:load", enhance);

document.addEventListener("change", (event) => {
  const input = event.target;
  if (!input.matches?.("[data-files] input[type=file]")) return;
  // Choosing again adds to what is there; the dialog alone would replace it.
  const before = (input.kept ?? []).filter((old) => ![...input.files].some((file) => file.name === old.name && file.size === old.size));
  put(input, [...before, ...input.files]);
});

document.addEventListener("paste", (event) => {
  const input = event.target.matches?.("[data-reply]") && inputOf(event.target);
  const files = pictures(event.clipboardData);
  if (!input || files.length === 0) return;
  event.preventDefault();
  put(input, [...input.files, ...files]);
});

for (const kind of ["dragover", "dragleave", "drop"]) {
  document.addEventListener(kind, (event) => {
    const input = inputOf(event.target);
    if (!input || ![...(event.dataTransfer?.types ?? [])].includes("Files")) return;
    event.preventDefault();
    input.form.classList.toggle("dropping", kind === "dragover");
    if (kind === "drop") put(input, [...input.files, ...pictures(event.dataTransfer)]);
  });
}

/* One send a click; but a form that was not sent comes back to life. */
const WAIT = 20000;

function wake(form, why) {
  clearTimeout(form.wake);
  delete form.dataset.sending;
  for (const button of form.querySelectorAll("button[aria-busy]")) {
    button.removeAttribute("aria-busy");
    if (button.was) button.textContent = button.was;
  }
  const line = form.querySelector("[data-draft-line]");
  if (why && line) {
    line.classList.add("failed");
    line.textContent = words(form, why);
  }
}

// On the way down, so that htmx, which listens on the form itself, does not see the second one either.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.matches("[data-once]")) return;
  if (form.dataset.sending) {
    event.preventDefault();
    event.stopImmediatePropagation();
    return;
  }
  if (event.submitter?.matches(".template")) return;
  form.dataset.sending = "yes";
  const button = event.submitter ?? form.querySelector("[data-send]");
  if (button) {
    button.was = button.textContent;
    button.setAttribute("aria-busy", "true");
    if (words(form, "busy")) button.textContent = words(form, "busy");
  }
  // Pictures on a slow line take longer than this: the form only becomes usable again, the send goes on,
  // and its key makes a second one harmless.
  form.wake = setTimeout(() => wake(form, "slow"), WAIT);
}, { capture: true });

for (const kind of ["htmx:responseError", "htmx:sendError", "htmx:timeout"]) {
  document.addEventListener(kind, (event) => {
    const form = event.target.closest?.("[data-once]");
    if (form) wake(form, "failed");
  });
}
document.addEventListener("htmx:afterRequest", (event) => {
  const form = event.target.closest?.("[data-once]");
  if (form && event.detail?.successful) wake(form);
});
// Back from the next page, or a download: the page is alive again.
addEventListener("pageshow", () => document.querySelectorAll("[data-once]").forEach((form) => wake(form)));
