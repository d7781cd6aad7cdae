// What pages do beyond plain HTML; all of it works without this file too, by a button.

// A confirmation link opened in the browser that asked for it needs no second press.
const atOnce = document.querySelector("form[data-at-once]");
if (atOnce) atOnce.requestSubmit();

// A vote from a mail counts with the first thing a person does on the page: a program's events are not trusted.
const onInput = document.querySelector("form[data-on-input]");
if (onInput) {
  const kinds = ["pointerdown", "keydown", "touchstart", "wheel"];
  const cast = (event) => {
    if (!event.isTrusted) return;
    kinds.forEach((kind) => removeEventListener(kind, cast, true));
    if (!event.target.closest?.("a, button, input, select, textarea")) onInput.requestSubmit();
  };
  kinds.forEach((kind) => addEventListener(kind, cast, { capture: true, passive: true }));
}
