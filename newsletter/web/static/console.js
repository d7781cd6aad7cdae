// What the console does beyond plain HTML. All of it works without this file too: by buttons, and by looking again.
const $ = (selector, within = document) => within.querySelector(selector);
const $$ = (selector, within = document) => [...within.querySelectorAll(selector)];

// How long it is until the next issue, on a page that stays open.
for (const one of Intl.DurationFormat ? $$("[data-at]") : [])
  setInterval(() => {
    const left = Math.max(1, Math.floor((Date.parse(one.dataset.at) - Date.now()) / 60000));
    const [days, hours, minutes] = [Math.floor(left / 1440), Math.floor(left / 60) % 24, left < 1440 ? left % 60 : 0];
    one.textContent = `in ${new Intl.DurationFormat("en-GB", { style: "long" }).format({ days, hours, minutes })}`;
  }, 30000);

// A send as it goes on, until its state changes.
const watch = $("[data-progress]");
if (watch?.dataset.progress) {
  const source = new EventSource(watch.dataset.progress);
  let tenths = -1;
  const stale = (yes) => ($("[data-stale]").hidden = !yes);
  source.onerror = () => {
    stale(true);
    if (source.readyState === EventSource.CLOSED) setTimeout(() => location.reload(), 2000); // it answered, with no stream
  };
  source.onmessage = ({ data }) => {
    stale(false);
    const { counts, ...look } = JSON.parse(data);
    if (look.over || look.status !== watch.dataset.status) return source.close(), location.reload();
    for (const [name, value] of Object.entries({ ...look, ...counts }))
      for (const one of $$(`[data-told="${name}"]`)) {
        if (one.matches("progress")) one.value = value;
        else one.textContent = value.toLocaleString("en-GB");
        if (name === "left" || name === "rate") one.parentElement.hidden = !value;
        one.closest(".counts > div")?.classList.toggle("none", !value);
      }
    const before = tenths; // who listens is not told every second
    tenths = Math.floor(look.per_cent / 10);
    if (tenths !== before) $("[data-aloud]")?.replaceChildren(`${look.per_cent} % settled`);
  };
  addEventListener("pagehide", () => source.close());
}

// How long a text is: seen at once, and told to whoever listens when the typing rests.
const listener = Object.assign(document.createElement("p"), { className: "aloud", role: "status" });
document.body.append(listener);
let resting;
for (const one of $$("[data-counts]")) {
  const { most, least, counts } = one.dataset;
  const field = document.getElementById(counts);
  const show = (event) => {
    one.textContent = `${field.value.length} of ${most}${field.value.length < least ? `, at least ${least}` : ""}`;
    clearTimeout(resting);
    if (event) resting = setTimeout(() => (listener.textContent = `${counts}: ${one.textContent} characters`), 1500);
  };
  field.addEventListener("input", show);
  show();
}

// Texts are saved when the typing rests. Everything else that is pressed waits for that, so that nothing is lost.
const texts = $("form[data-autosave]");
const list = () => $("[data-order]");
let timer, saving, dirty = false, stopped = false;
const told = $("[data-saved]");
const tell = (wrong, words = wrong ?? "Saved") => Object.assign(told, { textContent: words, className: wrong ? "wrong" : "quiet" });
async function post(address, fields) {
  const answer = await fetch(address, { method: "POST", body: new URLSearchParams(fields), keepalive: true }).catch(() => null);
  const page = new DOMParser().parseFromString((await answer?.text().catch(() => "")) ?? "", "text/html");
  const seen = answer?.ok && $("[name=seen]", page)?.value;
  stopped = answer?.status === 409; // somebody else changed it, or it is sending by now
  if (!seen) return $(".wrong", page)?.textContent.trim() || "Not saved: nobody answers, or you are signed out.";
  $$("[name=seen]").forEach((field) => (field.value = seen));
  const stale = $$("[data-fresh]").filter((part) => !part.contains(document.activeElement));
  stale.forEach((part) => part.replaceWith(page.getElementById(part.id)));
  arm();
}
async function save() {
  clearTimeout(timer);
  await saving;
  if (!dirty || stopped) return !dirty;
  dirty = false;
  tell(null, "Saving…");
  const wrong = await (saving = post(texts.action, new FormData(texts)));
  dirty ||= Boolean(wrong);
  tell(wrong, stopped ? `${wrong} Copy your words, then open this page anew.` : undefined);
  return !wrong;
}
async function arrange(address, fields) {
  document.activeElement?.blur(); // so that the list itself is made anew
  tell(await (saving = post(address, [["seen", $("[name=seen]", texts).value], ...fields])));
}
if (texts) {
  texts.addEventListener("input", () => {
    dirty = true;
    clearTimeout(timer);
    timer = setTimeout(save, 1200);
  });
  addEventListener("pagehide", () => dirty && save());
  addEventListener("submit", async (event) => {
    const { target: form, submitter } = event;
    const arranging = list().contains(form);
    if (form === texts) dirty = false;
    if (form === texts || (!arranging && !dirty)) return clearTimeout(timer);
    event.preventDefault();
    if (!(await save())) return told.scrollIntoView({ block: "center" });
    if (!arranging) return form.requestSubmit(submitter);
    const { slug } = Object.fromEntries(new FormData(form));
    const item = `[data-slug="${CSS.escape(slug)}"] button`; // of the new list; the one that was pressed is gone
    await arrange(form.action, [["slug", slug], ["act", submitter.value]]);
    ($(`${item}[value="${submitter.value}"]:enabled`) ?? $(`${item}:enabled`) ?? $("button", list()))?.focus();
  });
  arm();
}

// Dragging puts the list in another order; so do the buttons.
function arm() {
  const slugs = () => $$("[data-slug]", list()).map((one) => ["slug", one.dataset.slug]);
  for (const item of $$("[data-slug]:not(:has(.grip))", list())) {
    const grip = Object.assign(document.createElement("span"), { className: "grip", textContent: "⠿", ariaHidden: "true" });
    let before;
    item.prepend(grip);
    grip.onpointerdown = ({ pointerId }) => {
      grip.setPointerCapture(pointerId);
      item.classList.add("dragged");
      before = `${slugs()}`;
    };
    grip.onpointermove = ({ clientY }) => {
      const { previousElementSibling: above, nextElementSibling: below } = item;
      const middle = (one) => one.getBoundingClientRect().top + one.offsetHeight / 2;
      if (!item.matches(".dragged")) return; // what is held stays in its place, else it is let go: others go around it
      if (above && clientY < middle(above)) item.after(above);
      if (below && clientY > middle(below)) item.before(below);
    };
    grip.onlostpointercapture = async () => {
      item.classList.remove("dragged");
      if (`${slugs()}` !== before && (await save())) arrange(list().dataset.order, slugs());
    };
  }
}
