/* The red number, every 20 seconds while the page is looked at; a 304 costs nothing. */
import { counted } from "./words.js";

const EVERY = 20000;
const badge = document.querySelector("[data-poll-url]");
let tag = "";
let timer = 0;

function show(count) {
  badge.dataset.count = String(count);
  badge.querySelector("[data-count-number]").textContent = count;
  const label = badge.querySelector("[data-count-label]");
  if (label) label.textContent = counted(badge, count);
  document.title = (count > 0 ? `(${count}) ` : "") + document.title.replace(/^\(\d+\)\s*/, "");
}

async function ask() {
  clearTimeout(timer);
  if (document.visibilityState !== "visible") return;
  try {
    const answer = await fetch(badge.dataset.pollUrl, { credentials: "same-origin", redirect: "manual", cache: "no-store", headers: tag ? { "If-None-Match": tag } : {} });
    if (answer.status === 200) {
      tag = answer.headers.get("ETag") ?? "";
      const body = JSON.parse(await answer.text());
      show(Number(body.count ?? body));
    }
  } catch { /* the next one may succeed; the old number stays */ }
  timer = setTimeout(ask, EVERY);
}

if (badge) {
  timer = setTimeout(ask, EVERY);
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && ask());
}
