// The page of phones. Everything shown comes over one stream of server-sent
// events (scene, phone); everything done goes out as a POST. Words of people and
// bots only ever become text nodes.
"use strict";

const seats = [["applicant", "resident"], ["executor"], ["manager"], ["admin"]]; // roles, phone by phone
const faultKinds = ["429", "5xx", "403", "hang", "drop", "duplicate", "reorder", "delay"];
const roles = {resident: "applicant"}; // other names of roles

const words = {
  ru: {
    title: "ukbot — симулятор Telegram", lead: "Четыре телефона и один бот. Пишите, нажимайте кнопки, отправляйте фото — всё как в Telegram и остаётся на этом компьютере.",
    language: "Язык страницы", live: "на связи", lost: "нет связи, подключаюсь…", close: "Закрыть", person: "Чей это телефон", callsHint: "Вызовы Bot API этого чата",
    applicant: "Житель", executor: "Исполнитель", manager: "Менеджер", admin: "Администратор", nobody: "Человек",
    more: "Меню чата", chat: "Переписка", down: "Вниз, к новым сообщениям", commands: "Команды", write: "Сообщение", keys: "Клавиатура бота", keyboard: "Клавиатура бота", attach: "Прикрепить", send: "Отправить",
    bot: "бот", typing: "печатает", uploading: "отправляет файл", start: "НАЧАТЬ", unblock: "РАЗБЛОКИРОВАТЬ", empty: "Нажмите «Начать», чтобы написать боту", edited: "изменено", today: "Сегодня", yesterday: "Вчера",
    photo: "Фото с компьютера", sample: "Готовое фото", document: "Файл", voice: "Голосовое", sticker: "Стикер", location: "Геопозиция", contact: "Мой контакт", friend: "Чужой контакт",
    deepLink: "Открыть по ссылке t.me/…?start=", go: "Открыть", block: "Заблокировать бота", unblockBot: "Разблокировать бота", edit: "Изменить", remove: "Удалить у обоих", history: "Прежний вид", you: "Вы", editing: "Новый текст",
    voiceName: "Голосовое сообщение", videoName: "Видео", photoName: "Фото", noCommands: "Бот не задал команд", noCalls: "Бот ещё ничего не вызывал", kept: "файл",
    faults: "Сбои", faultsLead: "Как бот переживает плохую сеть и сбои Telegram. Сбой действует сразу.", faultKind: "Вид сбоя", where: "Где", howMany: "Сколько раз", seconds: "Секунд", turnOn: "Включить", turnOff: "Выключить все", active: "Сейчас включено", none: "Сбоев нет", everywhere: "Все чаты", untilOff: "Пока не выключу", left: "осталось",
    "429": ["Слишком много запросов", "429 и время ожидания"], "5xx": ["Telegram сломан", "502 и страница вместо ответа"], "403": ["Бот заблокирован", "403: писать человеку нельзя"], "hang": ["Нет ответа", "вызов висит до тайм-аута"], "drop": ["Обрыв связи", "сделано, но ответ потерян"],
    "duplicate": ["Обновление дважды", "то же сообщение придёт ещё раз"], "reorder": ["Обновления не по порядку", "придёт после следующего"], "delay": ["Задержка", "обновление придёт позже"],
  },
  en: {
    title: "ukbot — Telegram simulator", lead: "Four phones and one bot. Write, press buttons, send photos: it is all as in Telegram and stays on this computer.",
    language: "Language of the page", live: "connected", lost: "connection lost, trying again…", close: "Close", person: "Whose phone this is", callsHint: "Bot API calls of this chat",
    applicant: "Resident", executor: "Executor", manager: "Manager", admin: "Administrator", nobody: "Person",
    more: "Chat menu", chat: "Conversation", down: "Down to new messages", commands: "Commands", write: "Message", keys: "Bot keyboard", keyboard: "Bot keyboard", attach: "Attach", send: "Send",
    bot: "bot", typing: "typing", uploading: "sending a file", start: "START", unblock: "UNBLOCK", empty: "Press Start to write to the bot", edited: "edited", today: "Today", yesterday: "Yesterday",
    photo: "Photo from this computer", sample: "Sample photo", document: "File", voice: "Voice message", sticker: "Sticker", location: "Location", contact: "My contact", friend: "Another's contact",
    deepLink: "Open by the link t.me/…?start=", go: "Open", block: "Block the bot", unblockBot: "Unblock the bot", edit: "Edit", remove: "Delete on both sides", history: "As it was before", you: "You", editing: "New text",
    voiceName: "Voice message", videoName: "Video", photoName: "Photo", noCommands: "The bot has set no commands", noCalls: "The bot has called nothing yet", kept: "file",
    faults: "Faults", faultsLead: "How the bot lives through a bad network and a failing Telegram. A fault acts at once.", faultKind: "Kind of fault", where: "Where", howMany: "How often", seconds: "Seconds", turnOn: "Turn on", turnOff: "Turn all off", active: "On now", none: "No faults", everywhere: "All chats", untilOff: "Until turned off", left: "left",
    "429": ["Too many requests", "429 with a time to wait"], "5xx": ["Telegram is broken", "502 and a page in place of an answer"], "403": ["Bot is blocked", "403: the person cannot be written to"], "hang": ["No answer", "the call hangs until it times out"], "drop": ["Connection cut", "done, but the answer is lost"],
    "duplicate": ["Update twice", "the same message comes again"], "reorder": ["Updates out of order", "comes after the next one"], "delay": ["Delay", "the update comes later"],
  },
};

const $ = (selector, root = document) => root.querySelector(selector);
let language = localStorage.getItem("language") || (/^(ru|uz)/i.test(navigator.language) ? "ru" : "en");
const t = key => words[language][key] ?? key;
let scene = {people: [], faults: []};
let stream = null;

// el makes an element: el("b", {class: "x", onclick: f}, "text", child …).
function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value !== undefined && value !== false) node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.filter(child => child !== undefined && child !== null));
  return node;
}

const show = (node, visible) => { node.hidden = !visible; return visible; };
const label = (node, text) => { node.setAttribute("aria-label", text); node.title = text; };

// translate fills in the page's own words below a node.
function translate(root) {
  for (const node of root.querySelectorAll("[data-t]")) node.textContent = t(node.dataset.t);
  for (const node of root.querySelectorAll("[data-label]")) label(node, t(node.dataset.label));
}

/* ---- words with entities ---- */

const entityTags = {bold: "b", italic: "i", underline: "u", strikethrough: "s", code: "code", pre: "pre", blockquote: "blockquote", expandable_blockquote: "blockquote"};

// rich turns a text and its entities (offsets are UTF-16, as JavaScript's) into nodes.
function rich(phone, text, entities) {
  const sorted = [...(entities || [])].sort((a, b) => a.offset - b.offset || b.length - a.length);
  let next = 0;
  const walk = (parent, from, to, verbatim) => {
    let at = from;
    while (next < sorted.length && sorted[next].offset < to) {
      const e = sorted[next++];
      const begin = Math.max(e.offset, at), end = Math.min(e.offset + e.length, to);
      if (end <= begin) continue;
      plain(phone, parent, text.slice(at, begin), verbatim);
      const node = entity(phone, e, text.slice(begin, end));
      parent.append(node);
      walk(node, begin, end, verbatim || ["code", "pre", "text_link", "bot_command"].includes(e.type));
      at = end;
      if (/^(PRE|BLOCKQUOTE)$/.test(node.tagName) && text[at] === "\n" && at < to) at++; // the block has ended the line already
    }
    plain(phone, parent, text.slice(at, to), verbatim);
  };
  const root = el("div", {class: "text"});
  walk(root, 0, text.length, false);
  return root;
}

function entity(phone, e, words) {
  if (e.type === "text_link") return anchor(phone, e.url);
  if (e.type === "bot_command") return command(phone, words);
  if (e.type === "spoiler") return el("span", {class: "spoiler", onclick: event => event.currentTarget.classList.add("open")});
  return el(entityTags[e.type] || "span");
}

function command(phone, words) {
  return el("button", {type: "button", class: "command", onclick: () => phone.act("text", {text: words.trim()})});
}

// anchor is a link out, or a deep link of this bot, which opens here.
function anchor(phone, address) {
  let url;
  try { url = new URL(address); } catch { return el("span"); }
  if (!["http:", "https:", "tg:"].includes(url.protocol)) return el("span");
  const payload = url.searchParams.get("start");
  const inside = url.hostname === "t.me" && url.pathname === "/" + phone.key.split(":")[0] && payload !== null;
  return el("a", {href: url.href, target: "_blank", rel: "noopener noreferrer", onclick: event => {
    if (!inside) return;
    event.preventDefault();
    phone.act("start", {text: payload});
  }});
}

// plain adds words, with addresses and commands made into links.
function plain(phone, parent, words, verbatim) {
  if (verbatim) { parent.append(words); return; }
  for (const part of words.split(/(https?:\/\/[^\s<>"]+|(?<![\w/])\/[a-z][a-z0-9_]{0,31}(?![\w/]))/)) {
    const node = part.startsWith("http") ? anchor(phone, part) : /^\/[a-z]/.test(part) ? command(phone, part) : null;
    if (node) { node.append(part); parent.append(node); } else if (part) parent.append(part);
  }
}

const clock = date => new Date(date).toLocaleTimeString(language, {hour: "2-digit", minute: "2-digit", hourCycle: "h23"});
const fileURL = id => "/simulator/api/file?id=" + encodeURIComponent(id);

function dayName(date) {
  const days = Math.round((new Date().setHours(0, 0, 0, 0) - new Date(date).setHours(0, 0, 0, 0)) / 864e5);
  return days === 0 ? t("today") : days === 1 ? t("yesterday") : new Date(date).toLocaleDateString(language, {day: "numeric", month: "long"});
}

/* ---- one phone ---- */

class Phone {
  constructor(number) {
    this.number = number;
    this.root = $("#phone").content.firstElementChild.cloneNode(true);
    this.root.dataset.phone = number;
    this.key = "";
    this.clear();
    this.wire();
    $("#phones").append(this.root);
  }

  $(selector) { return $(selector, this.root); }

  clear() {
    this.view = null;
    this.messages = new Map(); // by id
    this.nodes = new Map(); // drawn groups by key
    this.calls = [];
    this.staged = [];
    this.folded = false;
    this.unread = 0;
    this.editing = 0;
    for (const name of [".chat", ".calls"]) this.$(name).replaceChildren();
    for (const name of [".toast", ".alert"]) show(this.$(name), false);
    this.$("textarea").value = "";
    this.drawStaged();
  }

  wire() {
    const chat = this.$(".chat"), input = this.$("textarea");
    this.stuck = true; // the newest message is in view and is to stay there
    chat.addEventListener("scroll", () => { if ((this.stuck = this.atEnd())) this.seen(); else this.drawDown(); });
    chat.addEventListener("load", () => this.stay(), true); // a photo that has come makes room
    new ResizeObserver(() => this.stay()).observe(chat);
    this.$(".down").addEventListener("click", () => this.toEnd());
    this.$(".person").addEventListener("change", event => choose(this, event.target.value));
    this.$(".composer").addEventListener("submit", event => { event.preventDefault(); this.submit(); });
    let shift = false; // Enter sends, and Shift+Enter begins a line, whatever keyboard says so
    input.addEventListener("beforeinput", event => { if (event.inputType === "insertLineBreak" && !shift) event.preventDefault(); });
    input.addEventListener("keydown", event => {
      shift = event.shiftKey;
      if (event.key === "Enter" && !event.shiftKey && !event.isComposing) { event.preventDefault(); this.submit(); }
      if (event.key === "Escape" && this.editing) { this.editing = 0; input.value = ""; }
    });
    input.addEventListener("input", () => { this.grow(); this.suggest(); });
    this.$(".slash").addEventListener("click", () => this.toggleCommands());
    this.$(".keys").addEventListener("click", () => { this.folded = !this.folded; this.drawKeyboard(); this.toEnd(); });
    this.$(".attach").addEventListener("click", event => this.attachMenu(event.currentTarget));
    this.$(".more").addEventListener("click", event => this.chatMenu(event.currentTarget));
    this.$(".start").addEventListener("click", () => this.act(this.view?.blocked ? "unblock" : "start"));
    this.$(".calls-open").addEventListener("click", event => {
      const open = show(this.$(".calls"), this.$(".calls").hidden);
      event.currentTarget.setAttribute("aria-expanded", open);
      this.drawCalls();
    });
    this.$(".file").addEventListener("change", async event => {
      for (const file of [...event.target.files].slice(0, 10)) await this.chosen(file);
      event.target.value = "";
    });
    this.$(".alert button").addEventListener("click", () => { show(this.$(".alert"), false); input.focus(); });
  }

  // act does something as the person and says where that failed.
  async act(what, more = {}) {
    try {
      const answer = await fetch("/simulator/api/act", {method: "POST", headers: {"Content-Type": "application/json"}, body: JSON.stringify({phone: this.key, do: what, ...more})});
      if (!answer.ok) this.toast((await answer.json()).error, true);
      return answer.ok;
    } catch (error) { this.toast(String(error), true); return false; }
  }

  async upload(kind, blob, name) {
    const query = new URLSearchParams({phone: this.key, kind, name});
    const answer = await fetch("/simulator/api/upload?" + query, {method: "POST", headers: {"Content-Type": "application/octet-stream"}, body: blob});
    const body = await answer.json();
    if (!answer.ok) throw new Error(body.error);
    return body.file;
  }

  async submit() {
    const input = this.$("textarea"), text = input.value.trim();
    const clean = () => { input.value = ""; this.editing = 0; this.grow(); this.closePops(); };
    // The field is free for the next words at once; what was refused comes back.
    const say = async (what, more) => { clean(); if (!await this.act(what, {text, ...more}) && !input.value) input.value = text; };
    if (this.editing) { if (text) await say("edit", {message: this.editing}); return; }
    if (this.staged.length) {
      const photos = this.staged;
      this.staged = [];
      this.drawStaged();
      clean();
      try {
        const files = [];
        for (const photo of photos) files.push(await this.upload("photo", photo.blob, ""));
        await this.act("photos", {files, text});
      } catch (error) { this.toast(error.message, true); }
    } else if (text) await say("text");
    this.toEnd();
  }

  grow() {
    const input = this.$("textarea");
    input.style.height = "auto"; // and no more for a placeholder, however long
    if (input.value) input.style.height = input.scrollHeight + "px";
  }

  /* what the stream tells */

  update(view) {
    const first = !this.view;
    this.view = view;
    for (const message of view.messages) this.messages.set(message.id, message);
    for (const id of this.messages.keys()) if (!view.ids.includes(id)) this.messages.delete(id);
    const known = new Set(this.calls.map(call => call.seq));
    this.calls.push(...view.calls.filter(call => !known.has(call.seq)));
    this.calls.splice(0, this.calls.length - 100);
    if (first) this.stuck = true;
    const fresh = this.drawMessages(first);
    if (view.keyboard && view.keyboard.message !== this.keyboardOf) this.folded = false;
    this.keyboardOf = view.keyboard?.message;
    if (view.keyboard?.folded && !this.wasFolded) this.folded = true;
    this.wasFolded = view.keyboard?.folded;
    this.drawChrome();
    this.drawKeyboard();
    this.drawCalls();
    if (!this.stuck) this.unread += fresh;
    this.stay();
    for (const answer of view.answers) this.answered(answer);
  }

  answered(answer) {
    if (answer.url) window.open(answer.url, "_blank", "noopener");
    if (!answer.text) return;
    if (!answer.alert) { this.toast(answer.text); return; }
    this.$(".alert p").textContent = answer.text;
    show(this.$(".alert"), true);
    this.$(".alert button").focus();
  }

  toast(text, bad = false) {
    const toast = this.$(".toast");
    toast.textContent = text;
    toast.classList.toggle("bad", bad);
    show(toast, true);
    clearTimeout(this.toastTimer);
    this.toastTimer = setTimeout(() => show(toast, false), 3500);
  }

  /* drawing */

  drawChrome() {
    const view = this.view, input = this.$("textarea"), able = !!view?.started && !view.blocked;
    const name = view?.bot.name || this.key.split(":")[0];
    this.$(".bot").textContent = name;
    this.$(".avatar").textContent = name.slice(0, 1).toUpperCase();
    const status = this.$(".status"), action = view?.action;
    status.textContent = !action ? t("bot") : action === "typing" ? t("typing") : t("uploading");
    status.classList.toggle("busy", !!action);
    clearTimeout(this.actionTimer);
    if (action) this.actionTimer = setTimeout(() => { view.action = ""; this.drawChrome(); }, view.action_ms);
    show(this.$(".composer"), able);
    if (show(this.$(".start"), !!view && !able)) this.$(".start").textContent = t(view.blocked ? "unblock" : "start");
    const empty = this.$(".empty");
    empty.replaceChildren(...(view && !view.started && !view.ids.length ? [el("span", {}, ...(view.bot.description ? [view.bot.description] : [t("empty")]))] : []));
    input.placeholder = view?.keyboard?.placeholder || t("write");
    show(this.$(".slash"), view?.menu_button !== "web_app");
  }

  groups() {
    const groups = [];
    for (const id of this.view.ids) {
      const message = this.messages.get(id), last = groups.at(-1);
      if (!message) continue;
      if (message.album && last?.[0].album === message.album) last.push(message);
      else groups.push([message]);
    }
    return groups;
  }

  // drawMessages redraws what changed and returns how many came from the bot.
  drawMessages(first) {
    const chat = this.$(".chat"), keep = new Set();
    let before = null, day = "", fresh = 0;
    const place = node => {
      const next = before ? before.nextSibling : chat.firstChild;
      if (next !== node) chat.insertBefore(node, next);
      before = node;
    };
    for (const group of this.groups()) {
      const name = dayName(group[0].date);
      if (name !== day) { day = name; place(this.node(keep, "day " + name, name, () => el("div", {class: "day"}, name)).node); }
      const turning = this.view.waiting.filter(w => group.some(m => m.id === w.message)).map(w => w.data);
      const drawn = this.node(keep, "m" + group[0].id, JSON.stringify([group.map(m => m.rev), turning, language]), () => this.drawGroup(group, turning));
      if (drawn.is === "new" && !first) { drawn.node.classList.add("fresh"); fresh += group[0].from_bot ? 1 : 0; }
      if (drawn.is === "redrawn" && group[0].rev !== drawn.rev) drawn.node.classList.add("changed");
      this.nodes.get("m" + group[0].id).rev = group[0].rev;
      place(drawn.node);
    }
    for (const [key, drawn] of this.nodes) if (!keep.has(key)) { drawn.node.remove(); this.nodes.delete(key); }
    return fresh;
  }

  // node is the drawn node of a key, drawn again when what it depends on changed.
  node(keep, key, signature, draw) {
    keep.add(key);
    const old = this.nodes.get(key);
    if (old?.signature === signature) return {node: old.node, is: "same"};
    const node = draw();
    old?.node.replaceWith(node);
    this.nodes.set(key, {node, signature, rev: old?.rev});
    return {node, is: old ? "redrawn" : "new", rev: old?.rev};
  }

  drawGroup(group, turning) {
    const [first] = group, captioned = group.find(m => m.text) || first;
    const bubble = el("div", {class: "bubble"});
    if (first.reply) bubble.append(el("div", {class: "quote"}, (first.reply.from_bot ? t("bot") : t("you")) + ": " + (first.reply.text || t("photoName"))));
    const photos = group.filter(m => m.kind === "photo");
    if (photos.length) bubble.append(el("div", {class: photos.length > 1 ? "photos many" : "photos"}, ...photos.map(picture)));
    for (const message of group) bubble.append(...attachments(message));
    const edited = group.some(m => m.edits?.length) ? t("edited") + " " : "";
    const text = captioned.text ? rich(this, captioned.text, captioned.entities) : bubble;
    text.append(el("span", {class: "meta"}, edited + clock(first.date)));
    if (text !== bubble) bubble.append(text);
    const open = el("button", {type: "button", class: "edit-open", "aria-haspopup": "true", onclick: event => this.messageMenu(event.currentTarget, group)}, "⋯");
    label(open, t("more"));
    bubble.append(open);
    const node = el("article", {class: "message" + (first.from_bot ? "" : " mine") + (first.buttons ? " wide" : ""), "data-message": first.id, "data-from": first.from_bot ? "bot" : "person"}, bubble);
    if (first.buttons) node.append(this.inline(first, turning));
    return node;
  }

  inline(message, turning) {
    return el("div", {class: "inline"}, ...message.buttons.map(row => el("div", {}, ...row.map(button => {
      if (button.url) { const link = anchor(this, button.url); link.append(button.text + " ↗"); link.dataset.button = button.text; return link; }
      const waits = button.data && turning.includes(button.data);
      return el("button", {type: "button", "data-button": button.text, class: waits ? "turning" : undefined, disabled: !button.data, title: button.kind, onclick: () => this.act("tap", {message: message.id, data: button.data})}, button.text);
    }))));
  }

  drawKeyboard() {
    const keyboard = this.view?.keyboard, able = this.view?.started && !this.view.blocked, box = this.$(".keyboard");
    show(this.$(".keys"), !!keyboard);
    this.$(".keys").setAttribute("aria-expanded", !this.folded);
    if (show(box, !!keyboard && able && !this.folded)) {
      const signature = JSON.stringify(keyboard);
      if (signature !== this.keyboardDrawn) {
        this.keyboardDrawn = signature;
        const icon = {contact: "📱 ", location: "📍 "};
        box.replaceChildren(...keyboard.rows.map(row => el("div", {class: row.length > 3 ? "dense" : undefined}, ...row.map(key => el("button", {
          type: "button", "data-key": key.text, disabled: key.kind === "other",
          onclick: () => this.act("key", {text: key.text}),
        }, (/^\p{Extended_Pictographic}/u.test(key.text) ? "" : icon[key.kind] || "") + key.text)))));
      }
    }
    this.stay();
  }

  drawCalls() {
    const box = this.$(".calls");
    if (box.hidden) return;
    const stick = box.scrollTop + box.clientHeight >= box.scrollHeight - 20;
    box.replaceChildren(...(this.calls.length ? this.calls.map(call => el("div", {class: "call", "data-call": call.method},
      el("time", {}, new Date(call.at).toLocaleTimeString(language, {hourCycle: "h23"}) + " "), el("b", {}, call.method), " ",
      el("span", {class: call.error || call.fault ? "bad" : "good"}, call.error || (call.fault ? "⚡" + call.fault : "ok")), " ",
      el("span", {class: "ms"}, call.ms.toFixed(2) + " ms"), el("code", {}, call.params))) : [el("p", {}, t("noCalls"))]));
    if (stick) box.scrollTop = box.scrollHeight;
  }

  drawStaged() {
    const box = this.$(".staged");
    show(box, this.staged.length > 0);
    box.replaceChildren(...this.staged.map(photo => {
      const remove = el("button", {type: "button", onclick: () => { this.staged = this.staged.filter(p => p !== photo); this.drawStaged(); }}, "✕");
      label(remove, t("close"));
      return el("div", {}, el("img", {src: photo.url, alt: t("photoName")}), remove);
    }));
  }

  /* scrolling */

  atEnd() { const chat = this.$(".chat"); return chat.scrollTop + chat.clientHeight >= chat.scrollHeight - 60; }
  toEnd() { const chat = this.$(".chat"); chat.scrollTop = chat.scrollHeight; this.stuck = true; this.seen(); }
  stay() { if (this.stuck) this.toEnd(); else this.drawDown(); }
  seen() { this.unread = 0; this.drawDown(); }
  drawDown() { show(this.$(".down"), !this.stuck); this.$(".down b").textContent = this.unread || ""; }

  /* what opens and closes */

  closePops() {
    for (const pop of this.root.querySelectorAll(".pop:not(.commands)")) pop.remove();
    show(this.$(".commands"), false);
    for (const opener of this.root.querySelectorAll(".phone [aria-haspopup]")) opener.setAttribute("aria-expanded", "false");
  }

  // pop opens a menu beside its opener, inside the phone.
  pop(opener, ...items) {
    const again = opener.getAttribute("aria-expanded") === "true";
    this.closePops();
    if (again) return;
    opener.setAttribute("aria-expanded", "true");
    const phone = this.$(".phone"), pop = el("div", {class: "pop", role: "menu"}, ...items);
    phone.append(pop);
    const frame = phone.getBoundingClientRect(), box = opener.getBoundingClientRect(), size = pop.getBoundingClientRect();
    const inside = (at, length, room) => Math.max(8, Math.min(at, room - length - 8)) + "px";
    const below = box.bottom - frame.top + 2;
    pop.style.left = inside(box.right - frame.left - size.width, size.width, phone.clientWidth);
    pop.style.top = inside(below + size.height < phone.clientHeight - 8 ? below : box.top - frame.top - size.height - 8, size.height, phone.clientHeight);
    $("button, input", pop)?.focus({preventScroll: true});
  }

  item(name, text, action) { return el("button", {type: "button", role: "menuitem", "data-item": name, onclick: () => { this.closePops(); action(); }}, text); }

  attachMenu(opener) {
    const pick = (accept, multiple) => () => {
      const file = this.$(".file");
      file.accept = accept;
      file.multiple = multiple;
      file.click();
    };
    this.pop(opener,
      this.item("sample", "🖼 " + t("sample"), async () => { await this.chosen(await samplePhoto(this.staged.length)); this.$("textarea").focus(); }),
      this.item("photo", "📷 " + t("photo"), pick("image/*", true)),
      this.item("document", "📄 " + t("document"), pick("", false)),
      this.item("voice", "🎤 " + t("voice"), () => this.sendFile("voice", new Blob(["OggS voice"]), "")),
      this.item("sticker", "👍 " + t("sticker"), () => this.act("sticker")),
      this.item("location", "📍 " + t("location"), () => this.act("location")),
      this.item("contact", "📱 " + t("contact"), () => this.act("contact")),
      this.item("friend", "👤 " + t("friend"), () => this.act("friend")));
  }

  chatMenu(opener) {
    const payload = el("input", {"data-testid": "payload", maxlength: 64, pattern: "[A-Za-z0-9_\\-]*", placeholder: "req_251007-001", "aria-label": t("deepLink")});
    const form = el("form", {class: "field", onsubmit: event => { event.preventDefault(); this.closePops(); this.act("start", {text: payload.value.trim()}); }}, payload, el("button", {type: "submit", "data-testid": "payload-go"}, t("go")));
    const blocked = this.view?.blocked;
    this.pop(opener, el("label", {}, t("deepLink")), form, el("hr"),
      this.item(blocked ? "unblock" : "block", t(blocked ? "unblockBot" : "block"), () => this.act(blocked ? "unblock" : "block")));
    if (!blocked) $(".pop [data-item=block]", this.root).classList.add("danger");
  }

  messageMenu(opener, group) {
    const [first] = group, items = [];
    if (!first.from_bot && !first.contact && !first.location && first.kind !== "sticker") items.push(this.item("edit", "✏️ " + t("edit"), () => {
      this.editing = first.id;
      const input = this.$("textarea");
      input.value = first.text;
      input.focus();
      this.grow();
    }));
    items.push(this.item("delete", "🗑 " + t("remove"), async () => { for (const message of group) await this.act("delete", {message: message.id}); }));
    for (const edit of [...(first.edits || [])].reverse().slice(0, 3)) {
      items.push(el("label", {}, t("history") + " · " + clock(edit.date)), el("div", {class: "old"}, edit.text),
        ...(edit.buttons || []).flat().filter(b => b.data).map(b => this.item("stale", "↪ " + b.text, () => this.act("stale", {message: first.id, data: b.data}))));
    }
    this.pop(opener, ...items);
  }

  toggleCommands() {
    const open = this.$(".commands").hidden;
    this.closePops();
    if (open) this.drawCommands("");
  }

  suggest() {
    const text = this.$("textarea").value;
    if (/^\/[a-z0-9_]*$/.test(text)) this.drawCommands(text.slice(1)); else show(this.$(".commands"), false);
  }

  drawCommands(prefix) {
    const list = (this.view?.commands || []).filter(c => c.command.startsWith(prefix)), box = this.$(".commands");
    this.$(".slash").setAttribute("aria-expanded", "true");
    box.replaceChildren(...list.map(c => el("button", {type: "button", role: "menuitem", "data-command": c.command, onclick: () => {
      this.closePops();
      this.$("textarea").value = "";
      this.act("text", {text: "/" + c.command});
    }}, el("b", {}, "/" + c.command), el("span", {}, c.description))));
    if (!list.length && !prefix) box.append(el("label", {}, t("noCommands")));
    show(box, box.childNodes.length > 0);
  }

  /* files */

  // chosen stages a photo, made smaller as Telegram's apps do, or sends a file.
  async chosen(file) {
    if (this.$(".file").accept === "" && file instanceof File) { await this.sendFile("document", file, file.name); return; }
    try {
      const blob = await smaller(file);
      this.staged.push({blob, url: URL.createObjectURL(blob)});
      this.staged.splice(10);
    } catch { await this.sendFile("document", file, file.name || "photo"); }
    this.drawStaged();
  }

  async sendFile(kind, blob, name) {
    try { await this.act("file", {files: [await this.upload(kind, blob, name)]}); } catch (error) { this.toast(error.message, true); }
  }
}

function picture(message) {
  const url = fileURL(message.file);
  const image = el("img", {src: url, alt: t("photoName"), width: message.width || undefined, height: message.height || undefined, loading: "lazy"});
  return el("button", {type: "button", "aria-label": t("photoName"), onclick: () => {
    const full = el("button", {class: "full", "aria-label": t("close"), onclick: event => event.currentTarget.remove()}, el("img", {src: url, alt: t("photoName")}));
    full.addEventListener("keydown", event => { if (event.key === "Escape") full.remove(); });
    document.body.append(full);
    full.focus();
  }}, image);
}

// attachments are what a message shows besides photos and words.
function attachments(message) {
  const line = (icon, title, small, href) => el(href ? "a" : "div", {class: "attachment", href, download: href ? message.name || "file" : undefined}, el("i", {}, icon), el("span", {}, title, el("small", {}, small)));
  const size = message.size < 1024 ? message.size + " B" : Math.round(message.size / 1024) + " KB";
  switch (message.kind) {
    case "document": return [line("📄", message.name || t("kept"), size, fileURL(message.file))];
    case "video": return [line("▶", t("videoName"), size, fileURL(message.file))];
    case "voice": return [line("🎤", t("voiceName"), "0:03")];
    case "sticker": return [el("div", {class: "sticker"}, "👍")];
  }
  if (message.contact) return [line("👤", [message.contact.first_name, message.contact.last_name].filter(Boolean).join(" "), "+" + message.contact.phone_number.replace(/^\+/, ""))];
  if (message.location) return [line("📍", t("location"), message.location.latitude.toFixed(4) + ", " + message.location.longitude.toFixed(4))];
  return [];
}

const photoSide = 1280; // pixels, as Telegram's apps send them

async function smaller(file) {
  const image = await createImageBitmap(file), scale = Math.min(1, photoSide / Math.max(image.width, image.height));
  const canvas = el("canvas", {width: Math.max(1, Math.round(image.width * scale)), height: Math.max(1, Math.round(image.height * scale))});
  canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
  return jpeg(canvas);
}

const jpeg = canvas => new Promise((done, failed) => canvas.toBlob(blob => blob ? done(blob) : failed(new Error("no picture")), "image/jpeg", .85));

// samplePhoto paints a leaking pipe; each number a little different.
function samplePhoto(number) {
  const canvas = el("canvas", {width: 800, height: 600}), g = canvas.getContext("2d");
  const box = (color, ...at) => { g.fillStyle = color; g.fillRect(...at); };
  box("#b4c5ca", 0, 0, 800, 600);
  for (let y = 0; y < 600; y += 75) for (let x = -60; x < 800; x += 120) box((x + y) % 2 ? "#cfdcdf" : "#d8e3e6", x + (y / 75 % 2) * 60, y, 116, 71);
  const metal = (x, y, width, height, upright) => {
    const shade = upright ? g.createLinearGradient(x, 0, x + width, 0) : g.createLinearGradient(0, y, 0, y + height);
    for (const [at, color] of [[0, "#6f7d86"], [.35, "#e8eef1"], [1, "#56626a"]]) shade.addColorStop(at, color);
    box(shade, x, y, width, height);
  };
  metal(0, 210, 470, 64, false);
  metal(440, 210, 64, 390, true);
  metal(425, 196, 94, 92, true);
  metal(180 + number * 30, 196, 40, 92, true);
  for (const [x, y, r] of [[474, 330, 13], [462, 392, 10], [486, 440, 14], [470, 505, 11], [300, 310, 9], [302, 360, 12]]) {
    g.fillStyle = "#3f9bd8";
    g.beginPath();
    g.moveTo(x, y - r * 2);
    g.quadraticCurveTo(x + r * 1.6, y + r, x, y + r);
    g.quadraticCurveTo(x - r * 1.6, y + r, x, y - r * 2);
    g.fill();
  }
  g.fillStyle = "rgba(63,155,216,.55)";
  g.beginPath();
  g.ellipse(420, 580, 260 + number * 20, 34, 0, 0, 7);
  g.fill();
  return jpeg(canvas);
}

/* ---- people ---- */

const roleOf = person => roles[person?.role] || person?.role || "";
const roleName = role => words[language][role] || role || t("nobody");

// assign gives each phone a person: the one chosen before, else one of its role.
function assign() {
  const taken = new Set();
  for (const phone of phones) {
    const kept = phone.key || localStorage.getItem("phone" + phone.number);
    phone.key = scene.people.some(p => p.key === kept) && !taken.has(kept) ? kept : "";
    taken.add(phone.key);
  }
  for (const phone of phones) {
    if (phone.key) continue;
    const free = scene.people.filter(p => !taken.has(p.key)), wanted = seats[phone.number - 1].map(role => roles[role] || role);
    phone.key = (free.find(p => wanted.includes(roleOf(p))) || free[0])?.key || "";
    taken.add(phone.key);
  }
}

function choose(phone, key) {
  localStorage.setItem("phone" + phone.number, key);
  phone.key = key;
  phone.clear();
  drawPeople();
  connect();
}

function drawPeople() {
  for (const phone of phones) {
    const person = scene.people.find(p => p.key === phone.key), chip = phone.$(".role");
    chip.textContent = roleName(roleOf(person));
    chip.dataset.role = roleOf(person);
    const names = ["applicant", "executor", "manager", "admin"];
    const order = [...new Set([...names, ...scene.people.map(roleOf)])].filter(role => scene.people.some(p => roleOf(p) === role));
    const option = p => el("option", {value: p.key, selected: p.key === phone.key}, p.name + (p.language ? " · " + p.language : ""));
    phone.$(".person").replaceChildren(...order.map(role => el("optgroup", {label: roleName(role)}, ...scene.people.filter(p => roleOf(p) === role).map(option))));
    phone.drawChrome();
  }
}

/* ---- faults ---- */

function drawFaults() {
  const name = fault => t(fault.kind)[0] || fault.kind;
  const where = chat => { const person = scene.people.find(p => p.key.endsWith(":" + chat)); return chat ? person?.name || chat : t("everywhere"); };
  const count = $("#faults-open .count");
  show(count, scene.faults.length > 0);
  count.textContent = scene.faults.length;
  $("#active").replaceChildren(...(scene.faults.length ? scene.faults.map(f => el("li", {"data-fault": f.kind}, `${name(f)} · ${where(f.chat)}` + (f.count ? ` · ${t("left")}: ${f.count}` : ""))) : [el("li", {class: "none"}, t("none"))]));
  const form = $("#fault"), kind = form.elements.kind?.value || faultKinds[0], at = form.elements.phone.value, times = form.elements.count.value || "3";
  $("#kinds").replaceChildren(...faultKinds.map(k => el("label", {}, el("input", {type: "radio", name: "kind", value: k, checked: k === kind}), el("b", {}, t(k)[0]), el("small", {}, t(k)[1]))));
  form.elements.phone.replaceChildren(el("option", {value: ""}, t("everywhere")), ...phones.filter(p => p.key).map(p => el("option", {value: p.key.split(":")[1], selected: p.key.split(":")[1] === at}, where(p.key.split(":")[1]))));
  form.elements.count.replaceChildren(...["1", "3", "10", "0"].map(n => el("option", {value: n, selected: n === times}, n === "0" ? t("untilOff") : n)));
}

function wireFaults() {
  const panel = $("#faults"), opener = $("#faults-open");
  const open = visible => { show(panel, visible); opener.setAttribute("aria-expanded", visible); };
  opener.addEventListener("click", () => open(panel.hidden));
  $(".close", panel).addEventListener("click", () => open(false));
  $("#faults-clear").addEventListener("click", () => fetch("/simulator/faults", {method: "DELETE"}));
  $("#fault").addEventListener("submit", event => {
    event.preventDefault();
    const form = event.target.elements;
    fetch("/simulator/faults", {method: "POST", headers: {"Content-Type": "application/json"}, body: JSON.stringify({
      kind: form.kind.value, chat: Number(form.phone.value) || 0, count: Number(form.count.value), retry_after: Number(form.seconds.value) || 1,
    })});
  });
}

/* ---- the stream ---- */

// connect looks at the people chosen; the browser itself connects again.
function connect() {
  stream?.close();
  const keys = [...new Set(phones.map(p => p.key).filter(Boolean))];
  stream = new EventSource("/simulator/api/live?" + new URLSearchParams(keys.map(key => ["phone", key])));
  const live = $(".live"), state = on => { live.textContent = t(on ? "live" : "lost"); live.classList.toggle("on", on); live.classList.toggle("off", !on); };
  stream.onopen = () => state(true);
  stream.onerror = () => state(false);
  stream.addEventListener("scene", event => {
    scene = JSON.parse(event.data);
    const before = phones.map(p => p.key).join();
    assign();
    drawPeople();
    drawFaults();
    if (phones.map(p => p.key).join() !== before) connect();
  });
  stream.addEventListener("phone", event => {
    const view = JSON.parse(event.data);
    for (const phone of phones) if (phone.key === view.key) phone.update(view);
  });
}

function speak(to) {
  language = to;
  localStorage.setItem("language", to);
  document.documentElement.lang = to;
  document.title = t("title");
  for (const button of document.querySelectorAll("[data-language]")) button.setAttribute("aria-pressed", button.dataset.language === to);
  translate(document);
  for (const phone of phones) {
    phone.closePops();
    phone.root.setAttribute("aria-label", `${t("person")}: ${phone.number}`);
    if (phone.view) phone.drawMessages(true);
    phone.drawCalls();
  }
  drawPeople();
  drawFaults();
  const live = $(".live");
  if (live.className !== "live") live.textContent = t(live.classList.contains("on") ? "live" : "lost");
}

const phones = seats.map((_, i) => new Phone(i + 1));
wireFaults();
for (const button of document.querySelectorAll("[data-language]")) button.addEventListener("click", () => speak(button.dataset.language));
document.addEventListener("pointerdown", event => {
  for (const phone of phones) if (!event.target.closest?.(".pop, [aria-haspopup]") || !phone.root.contains(event.target)) phone.closePops();
});
document.addEventListener("keydown", event => { if (event.key === "Escape") for (const phone of phones) phone.closePops(); });
speak(language);
connect();
