/* Nothing typed is lost: the text goes to the server as one types, and stays on the device until it is there. */
import { words } from "./words.js";

const PAUSE = 800;
const field = (form) => form.querySelector("[data-reply]");
const place = (form) => `draft:${form.dataset.draftKey || form.dataset.draftUrl}`;

const device = {
  get(key) { try { return localStorage.getItem(key); } catch { return null; } },
  set(key, text) { try { localStorage.setItem(key, text); } catch { /* full or forbidden: the server's copy is the one that counts */ } },
  drop(key) { try { localStorage.removeItem(key); } catch { /* as above */ } },
};

// What was saved last, for the page that comes next: one asked for before that shows the draft as it was.
const saved = {
  set(key, text) { try { sessionStorage.setItem(key, JSON.stringify([Date.now(), text])); } catch { /* the next page may be one save behind */ } },
  drop(key) { try { sessionStorage.removeItem(key); } catch { /* as above */ } },
  late(key) {
    try {
      const [at, text] = JSON.parse(sessionStorage.getItem(key));
      return at >= performance.timeOrigin ? text : null;
    } catch { return null; }
  },
};

function say(form, name, kind) {
  const line = form.querySelector("[data-draft-line]");
  if (!line) return;
  line.textContent = words(form, name);
  line.classList.toggle("restored", kind === "restored");
  line.classList.toggle("failed", kind === "failed");
}

async function save(form) {
  const text = field(form).value;
  if (text === form.saved) return;
  const body = new FormData();
  body.set(field(form).name, text);
  const token = form.querySelector("[name=csrfmiddlewaretoken]")?.value ?? "";
  form.saving?.abort();
  form.saving = new AbortController();
  try {
    const answer = await fetch(form.dataset.draftUrl, {
      method: "POST", body, credentials: "same-origin", redirect: "manual",
      headers: { "X-CSRFToken": token }, signal: form.saving.signal,
    });
    // A redirect means the sign-in page: the text stays here until somebody is signed in again.
    if (answer.type === "opaqueredirect" || answer.status === 401 || answer.status === 403) {
      return say(form, "signed-out", "failed");
    }
    if (!answer.ok) throw new Error(String(answer.status));
    form.saved = text;
    saved.set(place(form), text);
    if (field(form).value === text) device.drop(place(form));
    say(form, text ? "saved" : "none", "");
  } catch (error) {
    if (error.name !== "AbortError") say(form, "kept", "failed");
  }
}

function later(form) {
  device.set(place(form), field(form).value);
  clearTimeout(form.draft);
  form.draft = setTimeout(() => save(form), PAUSE);
}

/* A text that stands in the thread went out; only its copy here is left over. */
const plain = (text) => text.replace(/\s+/g, " ").trim();
const wasSent = (text) => [...document.querySelectorAll(".thread .said")].some((said) => plain(said.textContent) === plain(text));

function start(form) {
  if (form.started || !field(form)) return;
  form.started = true;
  form.saved = field(form).value;
  const shown = form.saved.trim();
  const kept = device.get(place(form)) ?? saved.late(place(form));
  saved.drop(place(form));
  if (!kept || shown.includes(kept.trim()) || wasSent(kept)) device.drop(place(form));
  else {
    // The server's text may be newer than the kept one: both stay, nothing is dropped.
    field(form).value = kept.includes(shown) ? kept : `${form.saved}\n\n${kept}`;
    say(form, "restored", "restored");
    later(form);
    return;
  }
  if (form.hasAttribute("data-draft-restored")) say(form, "restored", "restored");
}

const startAll = () => document.querySelectorAll("form[data-draft-url]").forEach(start);
startAll();
document.addEventListener("htmx:load", startAll);

document.addEventListener("input", (event) => {
  const form = event.target.matches?.("[data-reply]") && event.target.closest("form[data-draft-url]");
  if (form) later(form);
});
addEventListener("online", () => document.querySelectorAll("form[data-draft-url]").forEach(save));
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "hidden") document.querySelectorAll("form[data-draft-url]").forEach(save);
});
// Sending ends the draft: the server drops its copy with the message. The device keeps one until the text is seen in the thread.
document.addEventListener("submit", (event) => {
  const form = event.target.closest("form[data-draft-url]");
  if (!form || event.submitter?.matches(".template")) return;
  clearTimeout(form.draft);
  form.saving?.abort();
  saved.drop(place(form));
  if (field(form).value.trim()) device.set(place(form), field(form).value);
});
document.addEventListener("htmx:afterRequest", (event) => {
  const form = event.target.closest?.("form[data-draft-url]");
  if (form && event.detail?.successful) device.drop(place(form));
});
