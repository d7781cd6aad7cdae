// What pages do beyond plain HTML. All of it works without this file too: by a button, or by the link in an issue.

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

// Nobody has to look for their time zone in a list of hundreds.
const zones = document.querySelector("select[data-zone]");
if (zones && !zones.value) {
  const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if ([...zones.options].some((option) => option.value === here)) zones.value = here;
}

// Bookmarks. A reader we know has real forms; for everybody else this browser keeps the list, newest first, as
// [{slug, name}, …]. What stands in its storage may be anything: another script, an older page, a person's hand.
const KEY = "saved-tools";
const MOST = 200;
const SLUG = /^[^\s\p{Cc}\p{Cs}]{1,200}$/u;
const NO_ROOM = "This browser keeps no list for us. Open the link to your saved tools in any issue instead.";

const links = document.querySelectorAll("a[data-save]");
const shelf = document.querySelector("[data-shelf]");
const merge = document.querySelector("form[data-merge]");
const told = document.querySelector("[data-told]") ?? make("p", { className: "told", role: "status" });
const buttons = [];

function mayKeep() {
  try {
    localStorage.getItem(KEY);
    return true;
  } catch {
    return false;
  }
}

function read() {
  try {
    const found = JSON.parse(localStorage.getItem(KEY));
    const good = found.filter((tool) => SLUG.test(tool?.slug) && typeof tool.name === "string" && tool.name.trim());
    const bySlug = new Map(good.map(({ slug, name }) => [String(slug), name.slice(0, 200)]));
    return [...bySlug].slice(0, MOST).map(([slug, name]) => ({ slug, name }));
  } catch {
    return [];
  }
}

function write(tools) {
  try {
    if (tools.length) localStorage.setItem(KEY, JSON.stringify(tools));
    else localStorage.removeItem(KEY);
    return true;
  } catch {
    return false; // blocked, or full
  }
}

function make(tag, facts, ...inside) {
  const made = Object.assign(document.createElement(tag), facts);
  made.append(...inside);
  return made;
}

function keep(slug, name, saving) {
  const tools = read().filter((tool) => tool.slug !== slug);
  if (saving && tools.length >= MOST) return say(`Your list holds ${MOST} tools. Remove some first.`);
  if (saving) tools.unshift({ slug, name });
  if (!write(tools)) return say(NO_ROOM);
  say(saving ? `${name} is saved.` : `${name} is no longer saved.`);
  show();
}

function say(words) {
  told.textContent = words;
}

function show() {
  const tools = read();
  for (const button of buttons) {
    const saved = tools.some((tool) => tool.slug === button.dataset.save);
    const word = saved ? "Saved" : "Save";
    Object.assign(button, { ariaPressed: String(saved), ariaLabel: `${word} ${button.dataset.name}` });
    button.querySelector("span").textContent = word;
  }
  if (!shelf) return;
  const shown = tools.slice(0, Number(shelf.dataset.most) || MOST);
  const list = shelf.querySelector("ul");
  list.replaceChildren(...shown.map(line));
  list.hidden = !tools.length;
  const state = !mayKeep() ? "blocked" : tools.length ? "kept" : "none";
  for (const words of shelf.querySelectorAll("[data-state]")) words.hidden = words.dataset.state !== state;
}

function line({ slug, name }, place) {
  const link = make("a", { href: shelf.dataset.shelf + encodeURIComponent(slug) }, name);
  const remove = make("button", { type: "button", className: "second", ariaLabel: `Remove ${name}` }, "Remove");
  remove.addEventListener("click", () => {
    keep(slug, name, false);
    const left = shelf.querySelectorAll("li button"); // the one that was pressed is gone: its neighbour takes the focus
    (left[Math.min(place, left.length - 1)] ?? shelf).focus();
  });
  return make("li", {}, make("div", {}, link), remove);
}

// What this browser kept goes to the reader's record, and stays here until that has it.
async function hand(tools) {
  const body = new URLSearchParams(tools.map(({ slug }) => ["tool", slug]));
  const answer = await fetch(merge.action, { method: "POST", body }).catch(() => null);
  if (!answer?.ok) return say("The tools saved in this browser could not be added to your list. They are still here.");
  const handed = new Set(tools.map(({ slug }) => slug));
  if (write(read().filter(({ slug }) => !handed.has(slug)))) location.reload();
}

if (links.length && !told.isConnected) links[0].closest(".saving").after(told);
for (const link of links) {
  const button = make("button", { type: "button", className: "second save" }, ...link.childNodes);
  Object.assign(button.dataset, link.dataset);
  const pressed = () => button.ariaPressed === "true";
  button.addEventListener("click", () => keep(link.dataset.save, link.dataset.name, !pressed()));
  buttons.push(button);
  link.replaceWith(button);
}
if (links.length || shelf) {
  show();
  ["storage", "pageshow"].forEach((kind) => addEventListener(kind, show)); // another tab, or back to this page
}
if (merge && read().length) hand(read());
