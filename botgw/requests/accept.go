package requests

import (
	"context"
	"strconv"

	"ukbot/api"
	"ukbot/botgw/company"
	"ukbot/botgw/talk"
	"ukbot/botgw/words"
)

// starsMax is the best rating there is.
const starsMax = 5

// starsOf asks a resident how the work was.
func starsOf(t *talk.Turn, tapped tap) talk.Screen {
	var row []talk.Button
	for n := 1; n <= starsMax; n++ {
		row = append(row, button(strconv.Itoa(n)+" ⭐", doStars, tapped.at.args(tapped.number, strconv.Itoa(n))...))
	}
	return talk.Screen{
		Text: t.Book.Text("requests.rate", words.Args{"Number": tapped.number}),
		Rows: [][]talk.Button{row, {button(t.Book.Plain("button.back"), DoCard, tapped.at.args(tapped.number)...)}},
	}
}

// tapStars accepts the work.
func (r *Requests) tapStars(ctx context.Context, t *talk.Turn, args []string) error {
	tapped := tap{number: arg(args, 0), action: api.RequestActionAccept, at: placeOf(rest(args, 2))}
	given, err := strconv.Atoi(arg(args, 1))
	if !IsNumber(tapped.number) || err != nil || given < 1 || given > starsMax {
		return r.card(ctx, t, tapped.number, tapped.at)
	}
	t.Step = doStars
	a, err := t.API.AcceptRequestWithResponse(ctx, tapped.number, &api.AcceptRequestParams{IdempotencyKey: new(t.Key("accept"))}, api.RequestAcceptance{Stars: &given})
	if err != nil {
		return err
	}
	if a.JSON200 == nil {
		return r.refused(ctx, t, tapped, company.Refused(a.ApplicationproblemJSONDefault))
	}
	t.Show(thanks(t, tapped, given))
	return nil
}

// contentFrom is from how many stars on a resident is taken to be content.
const contentFrom = 4

// thanks closes a request; who was not content is asked what was wrong.
func thanks(t *talk.Turn, tapped tap, given int) talk.Screen {
	key := "requests.thanks"
	rows := [][]talk.Button{{button(t.Book.Plain("requests.to_card"), DoCard, tapped.at.args(tapped.number)...)}}
	if given < contentFrom {
		key = "requests.thanks_sorry"
		rows = append([][]talk.Button{{button(t.Book.Plain("requests.comment"), doAct, tapped.at.args(tapped.number, string(commenting), "0")...)}}, rows...)
	}
	return talk.Screen{
		Text: t.Book.Text(key, words.Args{"Number": tapped.number, "Stars": words.Rating(given)}),
		Rows: append(rows, []talk.Button{button(t.Book.Plain("requests.to_list"), DoList, tapped.at.args()...)}),
	}
}
