package pagetest

import (
	"fmt"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// Phone is one of the page's phones.
type Phone struct {
	b      *Browser
	number int
}

// Phone is the n-th phone, from 1.
func (b *Browser) Phone(n int) Phone { return Phone{b, n} }

// in is a selector within the phone.
func (p Phone) in(selector string) string {
	return fmt.Sprintf(`[data-phone="%d"] %s`, p.number, selector)
}

// Give hands the phone to a person: bot:id.
func (p Phone) Give(key string) {
	p.b.t.Helper()
	p.b.run("give the phone to "+key,
		chromedp.WaitReady(chromedp.CSS(p.in("option"+attribute("value", key)))),
		chromedp.Evaluate[chromedp.Void](fmt.Sprintf(`(() => { const s = document.querySelector(%s); if (s.value === %s) return; s.value = %s; s.dispatchEvent(new Event("change")); })()`,
			quote(p.in("[data-testid=person]")), quote(key), quote(key))))
}

// Start presses the Start button.
func (p Phone) Start() { p.b.t.Helper(); p.b.Click(p.in("[data-testid=start]")) }

// Write types a text and presses Enter.
func (p Phone) Write(text string) {
	p.b.t.Helper()
	p.Type(text)
	p.Enter()
}

// Type types a text and leaves it there.
func (p Phone) Type(text string) {
	p.b.t.Helper()
	p.b.run("type "+text, chromedp.SendKeys(chromedp.CSS(p.in("[data-testid=input]")), text, chromedp.NodeVisible))
}

// Enter presses Enter in the input field.
func (p Phone) Enter() {
	p.b.t.Helper()
	p.b.run("press Enter", chromedp.SendKeys(chromedp.CSS(p.in("[data-testid=input]")), kb.Enter, chromedp.NodeVisible))
}

// Tap presses the newest button with this text below a message.
func (p Phone) Tap(text string) {
	p.b.t.Helper()
	p.b.Click(p.in(attribute("data-button", text)))
}

// Key presses a key of the keyboard that stands in place of the letters, which
// is unfolded if need be.
func (p Phone) Key(text string) {
	p.b.t.Helper()
	key := quote(p.in("[data-testid=keyboard] " + attribute("data-key", text)))
	p.b.Until("there is the key "+text, "!!document.querySelector("+key+")")
	if Ask[bool](p.b, "!document.querySelector("+key+").checkVisibility()") {
		p.b.Click(p.in("[data-testid=keys]"))
	}
	p.b.Click(p.in("[data-testid=keyboard] " + attribute("data-key", text)))
}

// Attach opens the menu of what can be sent and chooses: sample, voice, sticker,
// location, contact, friend.
func (p Phone) Attach(item string) {
	p.b.t.Helper()
	p.b.Click(p.in("[data-testid=attach]"))
	p.b.Click(p.in(attribute("data-item", item)))
}

// Photos sends n sample photos with a caption, several as an album.
func (p Phone) Photos(n int, caption string) {
	p.b.t.Helper()
	for i := range n {
		p.Attach("sample")
		p.b.Until("the photo is staged", fmt.Sprintf("document.querySelectorAll(%s).length === %d", quote(p.in("[data-testid=staged] img")), i+1))
	}
	if caption != "" {
		p.Type(caption)
	}
	p.b.Click(p.in("[data-testid=send]"))
}

// Command opens the command menu and chooses one, without its slash.
func (p Phone) Command(name string) {
	p.b.t.Helper()
	p.b.Click(p.in("[data-testid=slash]"))
	p.b.Click(p.in(attribute("data-command", name)))
}

// Link follows a deep link of the bot.
func (p Phone) Link(payload string) {
	p.b.t.Helper()
	p.b.Click(p.in("[data-testid=more]"))
	p.b.run("type the payload", chromedp.SendKeys(chromedp.CSS(p.in("[data-testid=payload]")), payload, chromedp.NodeVisible))
	p.b.Click(p.in("[data-testid=payload-go]"))
}

// More chooses from the chat's menu: block, unblock.
func (p Phone) More(item string) {
	p.b.t.Helper()
	p.b.Click(p.in("[data-testid=more]"))
	p.b.Click(p.in(attribute("data-item", item)))
}

// Sees waits until a message of the bot with this text is shown.
func (p Phone) Sees(text string) {
	p.b.t.Helper()
	p.b.Until("phone sees "+text, p.some("[data-from=bot]", text))
}

// SeesLast waits until the newest message, with its buttons, has this text.
func (p Phone) SeesLast(text string) {
	p.b.t.Helper()
	p.b.Until("the newest message is "+text, p.some("article:last-of-type[data-from=bot]", text))
}

// SeesButton waits until a message has a button with this text.
func (p Phone) SeesButton(text string) {
	p.b.t.Helper()
	p.b.Until("there is the button "+text, "!!document.querySelector("+quote(p.in(attribute("data-button", text)))+")")
}

// Toast waits for the short word that answers a tap.
func (p Phone) Toast(text string) {
	p.b.t.Helper()
	p.b.Until("the toast says "+text, p.some("[data-testid=toast]:not([hidden])", text))
}

// Alert waits for the box that answers a tap, and closes it.
func (p Phone) Alert(text string) {
	p.b.t.Helper()
	p.b.Until("the box says "+text, p.some("[data-testid=alert]:not([hidden])", text))
	p.b.Click(p.in("[data-testid=alert] button"))
}

// Finds waits until the phone has such an element.
func (p Phone) Finds(selector string) {
	p.b.t.Helper()
	p.b.Until("there is "+selector, "!!document.querySelector("+quote(p.in(selector))+")")
}

// some is whether an element found by a selector has a text in it.
func (p Phone) some(selector, text string) string {
	return fmt.Sprintf(`[...document.querySelectorAll(%s)].some(e => e.innerText.includes(%s))`, quote(p.in(selector)), quote(text))
}

// TapWith presses the newest button whose text has this in it.
func (p Phone) TapWith(part string) {
	p.b.t.Helper()
	p.b.Click(p.in(contains("data-button", part)))
}

// Begin begins with the bot, or goes back to its beginning.
func (p Phone) Begin() {
	p.b.t.Helper()
	p.Finds(`:is(.start, .composer):not([hidden])`)
	if Ask[bool](p.b, "!!document.querySelector("+quote(p.in(".start:not([hidden])"))+")") {
		p.Start()
		return
	}
	p.Write("/start")
}

// Texts are the bot's messages that the phone shows, oldest first.
func (p Phone) Texts() []string {
	p.b.t.Helper()
	return Ask[[]string](p.b, "[...document.querySelectorAll("+quote(p.in("[data-from=bot]"))+")].map(e => e.innerText)")
}
