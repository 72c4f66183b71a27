/* A button at each piece of code that copies it. */
const article = document.querySelector("[data-copy]");

for (const code of navigator.clipboard ? article?.querySelectorAll("pre") ?? [] : []) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "button small copy";
  button.textContent = article.dataset.copy;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(code.querySelector("code").textContent);
    button.textContent = article.dataset.copied;
    setTimeout(() => (button.textContent = article.dataset.copy), 2000);
  });
  const frame = document.createElement("div");
  frame.className = `code ${code.className}`;
  code.replaceWith(frame);
  frame.append(code, button);
}
