// A question over the page, before something is done that costs money.

/** Show a dialog. Resolves with true if its button with `data-answer="yes"` was pressed; Escape is a no. */
export function ask(dialog) {
  for (const button of dialog.querySelectorAll("[data-answer]")) {
    button.onclick = () => dialog.close(button.dataset.answer);
  }
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
  });
}
