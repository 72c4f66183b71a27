/* The translation below a reply is of the text as it stood: where that is another one by now, the page says so at once, so
   that nobody learns it on sending. */
const words = (text) => text.split(/\s+/).filter(Boolean).join(" ");

function compare() {
  for (const also of document.querySelectorAll("[data-translated]")) {
    const field = also.closest("form").querySelector("[data-reply]");
    const changed = words(field.value) !== words(also.dataset.translated);
    also.classList.toggle("outdated", changed);
    for (const part of also.querySelectorAll("[data-changed]")) part.hidden = !changed;
    for (const part of also.querySelectorAll("[data-unchanged]")) part.hidden = changed;
  }
}

document.addEventListener("input", (event) => event.target.matches?.("[data-reply]") && compare());
// After draft.js, which may have brought back another text; and a browser that comes back brings back its own.
document.addEventListener("htmx:load", compare);
addEventListener("pageshow", compare);
