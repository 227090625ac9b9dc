package requests

import (
	"context"

	"ukbot/api"
	"ukbot/botgw/company"
	"ukbot/botgw/talk"
	"ukbot/botgw/telegram"
	"ukbot/botgw/words"
)

func (r *Requests) tapCard(ctx context.Context, t *talk.Turn, args []string) error {
	return r.card(ctx, t, arg(args, 0), placeOf(rest(args, 1)))
}

// Card shows a request by its number. What is nobody's, or somebody else's, is
// said in words: it is no error.
func (r *Requests) Card(ctx context.Context, t *talk.Turn, number string) error {
	return r.card(ctx, t, number, place{})
}

func (r *Requests) card(ctx context.Context, t *talk.Turn, number string, at place) error {
	t.Step = DoCard
	if !IsNumber(number) {
		t.Show(missing(t, number, at))
		return nil
	}
	f, err := load(ctx, t, number)
	return present(t, tap{number: number, at: at}, f, err)
}

// present shows a request, or that there is none to be seen.
func present(t *talk.Turn, of tap, f folder, err error) error {
	switch {
	case company.Is(err, "not_found"):
		t.Show(missing(t, of.number, of.at))
	case company.Is(err, "forbidden"):
		t.Show(closed(t, of.number, of.at))
	case err != nil:
		return err
	default:
		t.Show(f.screen(t, of.at))
	}
	return nil
}

// missing is the screen of a number that no request has.
func missing(t *talk.Turn, number string, at place) talk.Screen {
	t.Outcome = "missing"
	return notice(t, "requests.missing", number, at)
}

// closed is the screen of a request that this person does not see.
func closed(t *talk.Turn, number string, at place) talk.Screen {
	t.Outcome = "forbidden"
	if t.Person.Is(api.RoleExecutor) {
		return notice(t, "requests.closed_executor", number, at)
	}
	return notice(t, "requests.closed", number, at)
}

// numberShown bounds a number that is none, in UTF-16 units: anything may stand
// in a link.
const numberShown = 30

func notice(t *talk.Turn, key, number string, at place) talk.Screen {
	return talk.Screen{
		Text: t.Book.Text(key, words.Args{"Number": telegram.Line(number, numberShown)}),
		Rows: [][]talk.Button{{button(t.Book.Plain("requests.to_list"), DoList, at.args()...)}},
	}
}
