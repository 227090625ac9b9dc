package forms

import (
	"context"

	"ukbot/api"
	"ukbot/botgw/company"
	"ukbot/botgw/flow"
	"ukbot/botgw/talk"
	"ukbot/botgw/words"
)

// Comment is a word about a request, with photos or of photos alone. Staff say
// whether residents see it.
func Comment() flow.Form {
	return flow.Form{
		Name: "comment", Title: "comment.title",
		Steps: []flow.Step{
			{Name: "who", Hint: "flow.hint_choose", Ask: askVisibility, Pick: pickVisibility, When: func(t *talk.Turn, _ *flow.Data) bool { return t.Person.Is(staff...) }},
			{Name: "text", Hint: "comment.hint_text", Ask: askComment, Pick: pickComment, Take: map[talk.Kind]flow.Taking{
				talk.Text: flow.Words(text), talk.Photo: commented(flow.Photo), talk.Document: commented(flow.Picture),
			}},
			commentConfirm(),
		},
		Finish: comment,
	}
}

// commentConfirm also takes photos: those of an album come one after another,
// and the first may have brought the words.
func commentConfirm() flow.Step {
	step := confirm("comment.ask_confirm", "comment.send")
	step.Take = map[talk.Kind]flow.Taking{talk.Photo: visible(flow.Photo), talk.Document: visible(flow.Picture)}
	return step
}

func askVisibility(_ context.Context, t *talk.Turn, _ *flow.Data) (talk.Screen, error) {
	return talk.Screen{Text: t.Book.Text("comment.ask_who"), Rows: [][]talk.Button{
		{flow.Pick(t.Book.Plain("comment.public"), "public")},
		{flow.Pick(t.Book.Plain("comment.internal"), "internal")},
	}}, nil
}

func pickVisibility(_ context.Context, _ *talk.Turn, d *flow.Data, args []string) error {
	switch first(args) {
	case "public":
		d.Internal = false
	case "internal":
		d.Internal, d.Photos = true, nil
	default:
		return flow.Stay{}
	}
	return nil
}

func askComment(_ context.Context, t *talk.Turn, d *flow.Data) (talk.Screen, error) {
	key := "comment.ask_text"
	if d.Internal {
		key = "comment.ask_internal"
	}
	screen := talk.Screen{Text: t.Book.Text(key, words.Args{"Number": d.Request}) + written(t, d)}
	countPhotos(t, d, &screen)
	return screen, nil
}

// countPhotos adds to a question for words how many photos came, and that they
// may do without words.
func countPhotos(t *talk.Turn, d *flow.Data, screen *talk.Screen) {
	n := len(d.Photos)
	if n == 0 {
		return
	}
	screen.Text += "\n\n" + t.Book.Count("flow.have_photos", n)
	screen.Rows = append(screen.Rows,
		[]talk.Button{flow.Pick(t.Book.Plain("button.done"), "done")},
		[]talk.Button{flow.Pick(t.Book.Plain("flow.clear_photos"), "clear")},
	)
}

func pickComment(_ context.Context, _ *talk.Turn, d *flow.Data, args []string) error {
	switch {
	case first(args) == "clear":
		d.Photos = nil
	case first(args) == "done" && len(d.Photos) > 0:
		return nil
	}
	return flow.Stay{}
}

// visible takes a picture where residents may see it: files are for all.
func visible(picture flow.Taking) flow.Taking {
	return func(ctx context.Context, t *talk.Turn, d *flow.Data) error {
		if d.Internal {
			return flow.Complaint{Key: "comment.no_photos"}
		}
		return picture(ctx, t, d)
	}
}

// commented takes a picture, and the words below it if there are any.
func commented(picture flow.Taking) flow.Taking {
	return func(ctx context.Context, t *talk.Turn, d *flow.Data) error {
		err := visible(picture)(ctx, t, d)
		if stays(err) != nil || t.Text == "" {
			return err
		}
		return flow.Words(text)(ctx, t, d)
	}
}

func comment(ctx context.Context, t *talk.Turn, d *flow.Data) error {
	if err := say(ctx, t, d); err != nil {
		return refused(t, d, err)
	}
	failed, err := pictures(ctx, t, d)
	if err != nil {
		return err
	}
	key := "comment.sent"
	if d.Internal {
		key = "comment.sent_internal"
	}
	text := t.Book.Text(key, words.Args{"Number": d.Request})
	if failed > 0 {
		text += "\n\n⚠️ " + t.Book.Count("flow.photos_failed", failed)
	}
	t.Show(talk.Screen{Text: text, Rows: [][]talk.Button{{card(t, d.Request)}}})
	return nil
}

// pictures uploads what came with words, or in place of them.
func pictures(ctx context.Context, t *talk.Turn, d *flow.Data) (failed int, err error) {
	_, failed, err = upload(ctx, t, d.Request, d)
	if err == nil && d.Text == "" && failed == len(d.Photos) {
		err = flow.Complaint{Key: "act.photos_lost"}
	}
	return failed, err
}

// say adds the comment, if there are words.
func say(ctx context.Context, t *talk.Turn, d *flow.Data) error {
	if d.Text == "" {
		return nil
	}
	key, visibility := "comment-"+d.Nonce, api.Public
	if d.Internal {
		visibility = api.Internal
	}
	r, err := t.API.AddCommentWithResponse(ctx, d.Request, &api.AddCommentParams{IdempotencyKey: &key}, api.RequestCommentNew{Body: d.Text, Visibility: &visibility})
	if err != nil {
		return err
	}
	if r.JSON201 == nil && !company.Is(company.Refused(r.ApplicationproblemJSONDefault), "key_reused") {
		return company.Refused(r.ApplicationproblemJSONDefault)
	}
	return nil
}

// refusals are answers after which trying again is of no use: the form is over.
var refusals = []string{"conflict", "not_found", "forbidden"}

// refused tells that the request does not allow it any more, and shows the way
// to it; anything else is for another time.
func refused(t *talk.Turn, d *flow.Data, err error) error {
	for _, code := range refusals {
		if company.Is(err, code) {
			t.Show(talk.Screen{Text: t.Book.Text("problem." + code), Rows: [][]talk.Button{{card(t, d.Request)}}})
			return nil
		}
	}
	return err
}
