package desk

import (
	"context"
	"fmt"
	"strconv"

	"ukbot/botgw/talk"
	"ukbot/botgw/words"
	"ukbot/sql/db"
)

// span is quiet hours, in minutes of the company's day; over midnight when to is before from.
type span struct{ from, to int }

func (s span) String() string {
	return fmt.Sprintf("%02d:%02d–%02d:%02d", s.from/60, s.from%60, s.to/60, s.to%60)
}

// quietUsual are the quiet hours most people want; others choose begin and end.
var quietUsual = []span{{22 * 60, 7 * 60}, {23 * 60, 8 * 60}}

// The hours to choose from for begin and end.
var (
	quietBegins = []int{19, 20, 21, 22, 23, 0, 1, 2}
	quietEnds   = []int{4, 5, 6, 7, 8, 9, 10, 11}
)

func quietText(t *talk.Turn, chosen db.NoticeSettingsRow) string {
	if chosen.QuietFrom == nil || chosen.QuietTo == nil {
		return t.Book.Plain("settings.quiet_none")
	}
	return span{int(*chosen.QuietFrom), int(*chosen.QuietTo)}.String()
}

// tapQuiet shows the quiet hours; with "off", or with two minutes of the day, it
// sets them; with "own" it asks for the begin, with "own" and that for the end.
func (d *Desk) tapQuiet(ctx context.Context, t *talk.Turn, args []string) error {
	t.Step = "settings/quiet"
	from, errFrom := strconv.Atoi(arg(args, 0))
	to, errTo := strconv.Atoi(arg(args, 1))
	begin, errBegin := strconv.Atoi(arg(args, 1))
	switch {
	case arg(args, 0) == "own" && errBegin == nil && inDay(begin):
		t.Show(quietEnd(t, begin))
		return nil
	case arg(args, 0) == "own":
		t.Show(quietBegin(t))
		return nil
	case arg(args, 0) == "off":
		if err := d.setQuiet(ctx, t, nil); err != nil {
			return err
		}
	case errFrom == nil && errTo == nil && inDay(from) && inDay(to) && from != to:
		if err := d.setQuiet(ctx, t, &span{from, to}); err != nil {
			return err
		}
	}
	return d.showQuiet(ctx, t)
}

func inDay(minute int) bool { return minute >= 0 && minute < 24*60 }

func (d *Desk) setQuiet(ctx context.Context, t *talk.Turn, hours *span) error {
	if err := d.know(ctx, t); err != nil {
		return err
	}
	set := db.SetQuietHoursParams{TenantID: t.Tenant, PersonID: t.Person.ID}
	if hours != nil {
		from, to := int16(hours.from), int16(hours.to)
		set.QuietFrom, set.QuietTo = &from, &to
	}
	if err := db.New(d.cfg.Settings).SetQuietHours(ctx, set); err != nil {
		return fmt.Errorf("set quiet hours: %w", err)
	}
	t.Toast(t.Book.Plain("settings.saved"))
	return nil
}

func (d *Desk) showQuiet(ctx context.Context, t *talk.Turn) error {
	chosen, err := d.chosen(ctx, t)
	if err != nil {
		return err
	}
	now := quietText(t, chosen)
	choices := []talk.Button{tick(button(t, "settings.quiet_off", doQuiet, "off"), chosen.QuietFrom == nil)}
	for _, s := range quietUsual {
		b := talk.Button{Text: s.String(), Call: talk.Call{Do: doQuiet, Args: []string{strconv.Itoa(s.from), strconv.Itoa(s.to)}}}
		choices = append(choices, tick(b, s.String() == now))
	}
	rows := append(grid(choices, 1), row(button(t, "settings.quiet_own", doQuiet, "own")), row(button(t, "button.back", doSettings)))
	t.Show(talk.Screen{Text: t.Book.Text("settings.quiet_ask", words.Args{"Now": now}), Rows: rows})
	return nil
}

func quietBegin(t *talk.Turn) talk.Screen {
	var hours []talk.Button
	for _, hour := range quietBegins {
		hours = append(hours, talk.Button{Text: fmt.Sprintf("%02d:00", hour), Call: talk.Call{Do: doQuiet, Args: []string{"own", strconv.Itoa(hour * 60)}}})
	}
	return talk.Screen{Text: t.Book.Text("settings.quiet_begin"), Rows: append(grid(hours, 4), row(button(t, "button.back", doQuiet)))}
}

func quietEnd(t *talk.Turn, begin int) talk.Screen {
	var hours []talk.Button
	for _, hour := range quietEnds {
		end := span{begin, hour * 60}
		hours = append(hours, talk.Button{Text: fmt.Sprintf("%02d:00", hour), Call: talk.Call{Do: doQuiet, Args: []string{strconv.Itoa(end.from), strconv.Itoa(end.to)}}})
	}
	return talk.Screen{
		Text: t.Book.Text("settings.quiet_end", words.Args{"From": fmt.Sprintf("%02d:%02d", begin/60, begin%60)}),
		Rows: append(grid(hours, 4), row(button(t, "button.back", doQuiet, "own"))),
	}
}
