/* Sentences come from data attributes, so that they are translated with the rest of the page:
   data-text-one="{count} item checked" data-text-other="{count} items checked". */
export const language = document.documentElement.lang || "en";

export function words(element, name, values = {}) {
  return (element.getAttribute(`data-text-${name}`) || "").replace(/\{(\w+)\}/g, (whole, key) => values[key] ?? whole);
}

export function counted(element, count) {
  const form = new Intl.PluralRules(language).select(count);
  const name = element.hasAttribute(`data-text-${form}`) ? form : "other";
  return words(element, name, { count: new Intl.NumberFormat(language).format(count) });
}

export function money(minor, currency) {
  const digits = new Intl.NumberFormat("en", { style: "currency", currency }).resolvedOptions().maximumFractionDigits;
  const amount = new Intl.NumberFormat(language, { minimumFractionDigits: digits, maximumFractionDigits: digits });
  // Isolated, so that it stays in order inside right-to-left text.
  return `\u2068${amount.format(minor / 10 ** digits)}\u00a0${currency}\u2069`;
}

/* Single keys must never act while somebody is writing, with a dialog open, or for a person who turned them off. */
const FIELDS = "input:not([type=checkbox], [type=radio], [type=submit], [type=button]), textarea, select, [contenteditable]";

export function isTyping(event) {
  return event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing
    || document.body.dataset.keys === "off"
    || document.querySelector("dialog[open]") !== null
    || Boolean(event.target.closest?.(FIELDS));
}
