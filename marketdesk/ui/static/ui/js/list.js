/* j and k move through the rows, Enter opens, and the whole row opens its ticket on a click. */
import { isTyping } from "./words.js";

const rows = () => [...document.querySelectorAll("tr[data-href]")];
const link = (row) => row.querySelector(".id a, a");

document.addEventListener("keydown", (event) => {
  if ((event.key !== "j" && event.key !== "k") || isTyping(event)) return;
  const all = rows();
  if (all.length === 0) return;
  const here = all.indexOf(document.activeElement?.closest?.("tr[data-href]"));
  const step = event.key === "j" ? 1 : -1;
  const next = here === -1 ? 0 : Math.min(Math.max(here + step, 0), all.length - 1);
  event.preventDefault();
  link(all[next]).focus();
  all[next].scrollIntoView({ block: "nearest" });
});

document.addEventListener("click", (event) => {
  const row = event.target.closest("tr[data-href]");
  if (!row || event.target.closest("a, button")) return;
  if (event.button !== 0 || String(getSelection())) return;
  if (event.ctrlKey || event.metaKey) window.open(row.dataset.href, "_blank", "noopener");
  else link(row).click();
});
