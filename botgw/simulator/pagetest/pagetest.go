// Package pagetest drives the simulator's page in a real Chromium, for tests:
//
//	b := pagetest.Start(t, "http://"+address+"/simulator")
//	b.Phone(1).Give("ukbot_demo_bot:1001")
//	b.Phone(1).Write("/start")
//	b.Phone(1).Tap("Русский")
//	b.Phone(1).Sees("Добро пожаловать")
//
// Every step waits until the page allows it, and fails the test with a picture
// of the page when that takes longer than Patience. What the page's script
// throws, or its content policy forbids, fails the test too.
package pagetest

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// Patience is how long a step waits for the page.
const Patience = time.Minute

// ShotsEnv names the variable with a folder for pictures; none are kept without it.
const ShotsEnv = "UKBOT_SCREENSHOTS"

// Browser is a Chromium with the page open.
type Browser struct {
	t   testing.TB
	ctx context.Context //nolint:containedctx // chromedp keeps the tab in it

	mu       sync.Mutex
	troubles []string
}

// Start opens a page in a Chromium of its own, which ends with the test.
func Start(t testing.TB, url string) *Browser {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.NoSandbox, chromedp.DisableGPU, chromedp.UserDataDir(t.TempDir()),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("lang", "en-US"), chromedp.WindowSize(1440, 900),
	)
	allocator, stopAllocator := chromedp.NewExecAllocator(context.WithoutCancel(t.Context()), options...)
	ctx, stop := chromedp.NewContext(allocator)
	b := &Browser{t: t, ctx: ctx}
	var console sync.WaitGroup
	t.Cleanup(func() {
		_ = chromedp.Cancel(ctx) // closes the browser and waits for it
		stop()
		stopAllocator()
		console.Wait()
	})
	if err := chromedp.Do(ctx, chromedp.EmulateViewport(1440, 900)); err != nil { // not in a step: its deadline would end the browser
		t.Fatalf("start Chromium: %v", err)
	}
	messages := chromedp.Console(ctx)
	console.Go(func() {
		for m, err := range messages {
			if err != nil {
				return
			}
			b.note(m)
		}
	})
	b.run("open "+url, chromedp.Navigate(url), chromedp.WaitReady(chromedp.CSS(`[data-phone="1"] [data-testid=person] option`)))
	return b
}

// note keeps what the page complains about. A cut stream is no fault of its own.
func (b *Browser) note(m chromedp.ConsoleMessage) {
	if m.Type != chromedp.ConsoleError && m.Type != chromedp.ConsoleException || strings.Contains(m.Text, "net::ERR_") {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.troubles = append(b.troubles, fmt.Sprintf("%s: %s (%s:%d)", m.Type, m.Text, m.URL, m.Line))
}

// Troubles are the page's errors so far.
func (b *Browser) Troubles() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]string(nil), b.troubles...)
}

// run does browser actions as one step.
func (b *Browser) run(step string, actions ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, Patience)
	defer cancel()
	if err := chromedp.Do(ctx, actions...); err != nil {
		b.fail(step, err)
	}
}

func (b *Browser) fail(step string, err error) {
	b.t.Helper()
	b.Shot("failed-" + strings.NewReplacer("/", "_", " ", "_").Replace(b.t.Name()))
	text, _ := chromedp.Run(b.ctx, chromedp.Evaluate[string](`[...document.querySelectorAll(".seat")].map(s => s.dataset.phone + ": " + [...s.querySelectorAll("article, .start:not([hidden])")].slice(-4).map(a => a.innerText).join(" | ")).join("\n")`))
	b.t.Fatalf("%s: %v\ntroubles: %v\nthe phones show:\n%s", step, err, b.Troubles(), text)
}

// Shot keeps a picture of the page as <name>.png, where ShotsEnv names a folder.
func (b *Browser) Shot(name string) {
	b.t.Helper()
	folder := os.Getenv(ShotsEnv)
	if folder == "" {
		return
	}
	png, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
	if err != nil {
		b.t.Logf("screenshot %s: %v", name, err)
		return
	}
	if err := os.WriteFile(filepath.Join(folder, name+".png"), png, 0o600); err != nil {
		b.t.Logf("screenshot %s: %v", name, err)
	}
}

// Size makes the window this large.
func (b *Browser) Size(width, height int64) {
	b.t.Helper()
	b.run("resize", chromedp.EmulateViewport(width, height))
}

// Ask evaluates an expression of the page's script.
func Ask[T any](b *Browser, expression string) T {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, Patience)
	defer cancel()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		b.fail("evaluate "+expression, err)
	}
	return v
}

// Until waits until an expression of the page's script is true.
func (b *Browser) Until(what, expression string) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, Patience)
	defer cancel()
	if _, err := chromedp.Run(ctx, until(expression)); err != nil {
		b.fail("wait until "+what, err)
	}
}

func until(expression string) chromedp.Action[bool] {
	return chromedp.Poll[bool]("!!("+expression+")", chromedp.WithPollingInterval(20*time.Millisecond), chromedp.WithPollingTimeout(Patience))
}

// Click clicks the last element that a selector finds, once there is one and it
// can be clicked; a page that redraws it meanwhile is asked again.
func (b *Browser) Click(selector string) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, Patience)
	defer cancel()
	find := fmt.Sprintf(`[...document.querySelectorAll(%s)].filter(e => !e.disabled && e.checkVisibility()).at(-1)`, quote(selector))
	for {
		try, stop := context.WithTimeout(ctx, 3*time.Second)
		_, err := chromedp.Run(try, until(find))
		if err == nil {
			err = chromedp.Do(try, chromedp.Click(chromedp.JSPath(find)))
		}
		stop()
		if err == nil {
			return
		}
		if ctx.Err() != nil {
			b.fail("click "+selector, err)
		}
	}
}

// quote is a text as a string of JavaScript, and of CSS within it.
func quote(text string) string {
	raw, _ := json.Marshal(text) // a string always marshals
	return string(raw)
}

// attribute is [name="value"].
func attribute(name, value string) string { return "[" + name + `="` + css.Replace(value) + `"]` }

// contains is [name*="value"].
func contains(name, value string) string { return "[" + name + `*="` + css.Replace(value) + `"]` }

// css escapes what stands between quotes in a selector.
var css = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\a `)
