/* / goes to the search field, ? lists the keys. */
import { isTyping } from "./words.js";

document.addEventListener("keydown", (event) => {
  if (isTyping(event)) return;
  if (event.key === "/") {
    const field = document.querySelector("[data-search]");
    if (!field?.checkVisibility?.()) return;
    event.preventDefault();
    field.focus();
    field.select();
  }
  if (event.key === "?") document.getElementById("keys")?.showModal();
});
