/* The red number, every 20 seconds while the page is looked at; a 304 costs nothing. */
import { counted } from "./words.js";

const EVERY = 20000;
// Looked up each time: a page that htmx swaps in brings a new one.
const find = () => document.querySelector("[data-poll-url]");
let tag = "";
let timer = 0;

function show(badge, count) {
  badge.dataset.count = String(count);
  badge.querySelector("[data-count-number]").textContent = count;
  const label = badge.querySelector("[data-count-label]");
  if (label) label.textContent = counted(badge, count);
  document.title = (count > 0 ? `(${count}) ` : "") + document.title.replace(/^\(\d+\)\s*/, "");
}

async function ask() {
  clearTimeout(timer);
  const badge = find();
  if (!badge || document.visibilityState !== "visible") return;
  try {
    const answer = await fetch(badge.dataset.pollUrl, { credentials: "same-origin", redirect: "manual", cache: "no-store", headers: tag ? { "If-None-Match": tag } : {} });
    if (answer.status === 200) {
      tag = answer.headers.get("ETag") ?? "";
      const body = JSON.parse(await answer.text());
      show(find() ?? badge, Number(body.count ?? body));
    }
  } catch { /* the next one may succeed; the old number stays */ }
  timer = setTimeout(ask, EVERY);
}

if (find()) {
  timer = setTimeout(ask, EVERY);
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && ask());
}
