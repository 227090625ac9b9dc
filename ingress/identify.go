package ingress

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"

	"ukbot/events"
)

// fallbackIDHeader is looked at for every source whose scheme does not fix its
// ids.
const fallbackIDHeader = "X-Event-ID"

// identity is what makes an event this event.
type identity struct {
	ID   string // idempotency key within tenant and source; never empty
	Type string // the provider's own event type, or "unknown"
	Sync bool   // Google's first message of a channel: acknowledge, do not process
}

// identifier finds identities as one configuration says. It is compiled once
// and used by any number of goroutines, after the request is verified.
type identifier struct {
	scheme      string
	idHeaders   []string
	idPaths     []path
	pathsFirst  bool
	typeHeaders []string
	typePaths   []path
}

func identifierOf(h events.Hook) (*identifier, error) {
	idPaths, err := parsePaths(h.IDPath)
	if err != nil {
		return nil, fmt.Errorf("%w %s/%s: %w", events.ErrHook, h.Tenant, h.Source, err)
	}
	typePaths, err := parsePaths(h.TypePath)
	if err != nil {
		return nil, fmt.Errorf("%w %s/%s: %w", events.ErrHook, h.Tenant, h.Source, err)
	}
	return &identifier{
		scheme:    h.Scheme,
		idHeaders: headerNames(h.IDHeader), idPaths: idPaths,
		// Where the provider's contract puts the id into the body, the body goes
		// first: it is signed, and that provider sends no X-Event-ID.
		pathsFirst:  h.IDHeader == "" && h.IDPath != "" && Presets[h.Preset].IDPath == h.IDPath,
		typeHeaders: headerNames(h.TypeHeader), typePaths: typePaths,
	}, nil
}

// headerNames reads alternatives separated by "|".
func headerNames(text string) []string {
	var names []string
	for name := range strings.SplitSeq(text, "|") {
		if name = strings.TrimSpace(name); name != "" {
			names = append(names, name)
		}
	}
	return names
}

// identify gives an event its id and type, in memory of their own; the error is
// a Refusal.
func (i *identifier) identify(r *request) (identity, error) {
	doc, err := readDocument(r)
	if err != nil {
		return identity{}, err
	}
	found := identity{Type: events.CapType(i.eventType(r, doc))}
	switch i.scheme {
	case events.SchemeStripe:
		found.ID, err = stripeID(doc)
	case events.SchemeStandard:
		found.ID, err = standardID(r)
	case events.SchemeGoogle:
		// The number is digits, so the last colon always parts the two.
		found.ID = r.header(googleChannel) + ":" + r.header(googleNumber)
		found.Type = events.CapType(r.header(googleState))
		found.Sync = r.header(googleState) == "sync"
	default:
		found.ID = i.ownID(r, doc)
	}
	if err != nil {
		return identity{}, err
	}
	if found.ID == "" {
		found.ID = contentID(r.body)
	}
	// Header texts may lie in a buffer that the server reuses for the next request.
	found.ID, found.Type = strings.Clone(events.CapID(found.ID)), strings.Clone(found.Type)
	return found, nil
}

func stripeID(doc document) (string, error) {
	value := path{"id"}.find(doc.json)
	if len(value) < len(`"x"`) || value[0] != '"' {
		return "", errMalformed.because("a Stripe event is JSON with a string id")
	}
	return decodeString(value), nil
}

func standardID(r *request) (string, error) {
	id := r.header(standardIDHeader)
	if id == "" {
		return "", errMalformed.because("no " + standardIDHeader + " header")
	}
	return id, nil
}

// ownID is the id as configured, "" if the request has none.
func (i *identifier) ownID(r *request, doc document) string {
	if id := first(i.idHeaders, r.header); id != "" {
		return id
	}
	if i.pathsFirst {
		if id := first(i.idPaths, doc.scalar); id != "" {
			return id
		}
	}
	if id := r.header(fallbackIDHeader); id != "" {
		return id
	}
	return first(i.idPaths, doc.scalar)
}

func (i *identifier) eventType(r *request, doc document) string {
	if name := first(i.typeHeaders, r.header); name != "" {
		return name
	}
	return first(i.typePaths, doc.scalar)
}

// first is the first non-empty answer of look.
func first[T any](names []T, look func(T) string) string {
	for _, name := range names {
		if value := look(name); value != "" {
			return value
		}
	}
	return ""
}

// contentID is the id of an event that brings none. Equal bodies are the same
// event; but nothing equals nothing, and an empty body gets an id of its own.
func contentID(body []byte) string {
	if len(body) == 0 {
		return "unique:" + rand.Text()
	}
	return events.HashID(body)
}

// document is a body that paths can look into: JSON, a form, or neither.
type document struct {
	json []byte
	form []byte
}

// Kinds of content type.
const (
	contentNone  = iota // no header
	contentJSON         // application/json, text/json, anything +json
	contentForm         // application/x-www-form-urlencoded
	contentOther        // everything else
)

func contentKind(contentType string) int {
	name, _, _ := strings.Cut(contentType, ";")
	name = strings.TrimSpace(name)
	is := func(want string) bool { return strings.EqualFold(name, want) }
	switch {
	case name == "":
		return contentNone
	case is("application/json"), is("text/json"), len(name) > 5 && strings.EqualFold(name[len(name)-5:], "+json"):
		return contentJSON
	case is("application/x-www-form-urlencoded"):
		return contentForm
	}
	return contentOther
}

// readDocument refuses what calls itself JSON and is not. An empty body is no
// lie: Google sends it with the content type of JSON.
func readDocument(r *request) (document, error) {
	switch kind := contentKind(r.header("Content-Type")); {
	case len(r.body) == 0:
		return document{}, nil
	case kind == contentForm:
		return document{form: r.body}, nil
	case json.Valid(r.body):
		return document{json: r.body}, nil
	case kind == contentJSON:
		return document{}, errMalformed.because("the body is not valid JSON")
	}
	return document{}, nil
}

func (d document) scalar(p path) string {
	if d.form != nil {
		return formField(d.form, strings.Join(p, "."))
	}
	if d.json == nil {
		return ""
	}
	return p.scalar(d.json)
}

// formField is the first field of that name. Pairs that do not decode are
// passed over: the body is kept as it came, and only this field is wanted.
func formField(form []byte, field string) string {
	for pair := range strings.SplitSeq(string(form), "&") {
		name, value, _ := strings.Cut(pair, "=")
		if name, err := url.QueryUnescape(name); err != nil || name != field {
			continue
		}
		if value, err := url.QueryUnescape(value); err == nil && value != "" {
			return value
		}
	}
	return ""
}
