package desk

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"ukbot/api"
	"ukbot/botgw/company"
	"ukbot/botgw/talk"
	"ukbot/botgw/words"
)

// statusFailed is the status of the webhooks that the panel lists.
const statusFailed = "failed"

// operatorCodes are the refusals of the operators' API that say something about
// an event, and how it is said here. Any other is about the bot's key, of
// which a person can do nothing: it must not look as if they had to log in.
var operatorCodes = map[string]string{
	"not_found":          "problem.not_found",
	"already_completed":  "admin.hook_done",
	"in_progress":        "admin.hook_busy",
	"configuration_gone": "admin.hook_gone",
	"timeout":            "problem.timeout",
}

// errorKinds is how it is said what kind of error a webhook met (webhook_events.error_kind).
var errorKinds = map[string]string{
	"transient": "admin.hook_transient",
	"permanent": "admin.hook_permanent",
	"exhausted": "admin.hook_exhausted",
}

// tapHooks lists the webhooks that failed, newest first: args are the cursor.
// What came in them is not shown: it may be about people and money.
func (d *Desk) tapHooks(ctx context.Context, t *talk.Turn, args []string) error {
	t.Step = "hooks"
	if d.cfg.Operator == nil {
		t.Outcome = "refused"
		t.Alert(t.Book.Plain("admin.hooks_unset"))
		return d.tapPanel(ctx, t, nil)
	}
	limit, failed := pageSize, statusFailed
	params := &api.ListWebhookEventsParams{Tenant: &t.Tenant, Status: &failed, Limit: &limit, Cursor: cursor(args, 0)}
	r, err := d.cfg.Operator.ListWebhookEventsWithResponse(ctx, params)
	if err != nil {
		return err
	}
	if r.JSON200 == nil {
		err := company.Refused(r.ApplicationproblemJSONDefault)
		if params.Cursor != nil && oldCursor(err) {
			return d.tapHooks(ctx, t, nil)
		}
		return d.operatorRefused(ctx, t, err, d.tapPanel)
	}
	t.Show(hooksScreen(t, *r.JSON200, params.Cursor))
	return nil
}

func hooksScreen(t *talk.Turn, page api.WebhookEventPage, here *string) talk.Screen {
	lines := []string{t.Book.Text("admin.hooks_title")}
	var one []talk.Button
	var sources []string
	for i, e := range page.Events {
		lines = append(lines, hookText(t, i+1, e))
		one = append(one, talk.Button{Text: "🔁 " + strconv.Itoa(i+1), Call: talk.Call{Do: doRetry, Args: []string{"one", e.Id, e.Source}}})
		if !slices.Contains(sources, e.Source) {
			sources = append(sources, e.Source)
		}
	}
	if len(page.Events) == 0 {
		lines = append(lines, t.Book.Text("admin.hooks_none"))
	}
	rows := grid(one, 4)
	for _, source := range sources {
		rows = append(rows, row(talk.Button{Text: t.Book.Plain("admin.hook_all", words.Args{"Source": source}), Call: talk.Call{Do: doRetry, Args: []string{"all", source}}}))
	}
	rows = append(rows, pages(t, doHooks, nil, here, page.Next)...)
	rows = append(rows, row(button(t, "button.refresh", doHooks), button(t, "button.back", doPanel)))
	return talk.Screen{Text: strings.Join(lines, "\n\n"), Rows: rows}
}

// hookText is one failed webhook: whose it was, how long ago, and what kind of
// error it met. The error's own words stay with the operators.
func hookText(t *talk.Turn, number int, e api.WebhookEvent) string {
	kind := "admin.hook_unknown"
	if e.ErrorKind != nil {
		kind = cmp.Or(errorKinds[*e.ErrorKind], kind)
	}
	return t.Book.Text("admin.hook", words.Args{
		"Number": number, "Source": e.Source, "Type": short(e.Type), "Kind": t.Book.Plain(kind), "Attempts": e.RetryCount + 1,
		"Age": t.Book.Duration(t.Now.Sub(e.ReceivedAt)),
	})
}

// tapRetry handles failed webhooks again: "one" and its id, or "all" of a source,
// which is asked about first.
func (d *Desk) tapRetry(ctx context.Context, t *talk.Turn, args []string) error {
	t.Step = "hooks/retry"
	if d.cfg.Operator == nil || arg(args, 1) == "" { // without a source, "all" would mean every source
		return d.tapHooks(ctx, t, nil)
	}
	var err error
	switch arg(args, 0) {
	case "one":
		err = d.retryOne(ctx, t, arg(args, 1), arg(args, 2))
	case "all":
		if arg(args, 2) != sure {
			return d.askRetry(ctx, t, arg(args, 1))
		}
		err = d.retryAll(ctx, t, arg(args, 1))
	}
	if err != nil {
		return d.operatorRefused(ctx, t, err, d.tapHooks)
	}
	return d.tapHooks(ctx, t, nil)
}

func (d *Desk) retryOne(ctx context.Context, t *talk.Turn, id, source string) error {
	r, err := d.cfg.Operator.RetryWebhookEventWithResponse(ctx, id, &api.RetryWebhookEventParams{Tenant: &t.Tenant, Source: &source})
	if err != nil {
		return err
	}
	if r.JSON202 == nil {
		return company.Refused(r.ApplicationproblemJSONDefault)
	}
	key := "admin.hook_again"
	if r.JSON202.Duplicate {
		key = "admin.hook_busy"
	}
	t.Toast(t.Book.Plain(key))
	return nil
}

// askRetry says how many there are before anything is done.
func (d *Desk) askRetry(ctx context.Context, t *talk.Turn, source string) error {
	many, err := d.retryMany(ctx, t, source, true)
	if err != nil {
		return d.operatorRefused(ctx, t, err, d.tapHooks)
	}
	if many.Matched == 0 {
		t.Toast(t.Book.Plain("admin.hooks_none"))
		return d.tapHooks(ctx, t, nil)
	}
	t.Show(talk.Screen{Text: t.Book.Count("admin.hook_ask", many.Matched, words.Args{"Source": source}), Rows: [][]talk.Button{
		row(button(t, "admin.hook_yes", doRetry, "all", source, sure)),
		row(button(t, "button.back", doHooks)),
	}})
	return nil
}

func (d *Desk) retryAll(ctx context.Context, t *talk.Turn, source string) error {
	many, err := d.retryMany(ctx, t, source, false)
	if err != nil {
		return err
	}
	t.Toast(t.Book.CountPlain("admin.hook_many", many.Retried))
	return nil
}

func (d *Desk) retryMany(ctx context.Context, t *talk.Turn, source string, dryRun bool) (*api.WebhookRetriedMany, error) {
	failed := statusFailed
	r, err := d.cfg.Operator.RetryWebhookEventsWithResponse(ctx, api.WebhookRetryFilter{Tenant: &t.Tenant, Source: &source, Status: &failed, DryRun: &dryRun})
	switch {
	case err != nil:
		return nil, err
	case r.StatusCode() == http.StatusOK && r.JSON200 != nil:
		return r.JSON200, nil
	case r.JSON202 != nil:
		return r.JSON202, nil
	}
	return nil, company.Refused(r.ApplicationproblemJSONDefault)
}

// operatorRefused says what the operators' API had against it, and shows what there is.
func (d *Desk) operatorRefused(ctx context.Context, t *talk.Turn, err error, then func(context.Context, *talk.Turn, []string) error) error {
	var refusal *company.Refusal
	if !errors.As(err, &refusal) {
		return err
	}
	t.Outcome = "refused"
	key, known := operatorCodes[refusal.Code]
	if !known {
		key = "admin.hooks_unset"
	}
	t.Alert(t.Book.Plain(key))
	return then(ctx, t, nil)
}
