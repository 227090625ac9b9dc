package main

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"time"

	"ukbot/events"
)

// sample makes the body of an event as its provider would send it.
type sample struct {
	kind string // default event type
	id   func(digest string, n int64) string
	body func(c sendCommand, id, kind string) any
}

// samples is what `send` can make, by preset; the last row is for all others.
var samples = map[string]sample{
	"stripe": {"payment_intent.succeeded", prefixed("evt_"), stripeBody},
	"google": {"update", func(digest string, n int64) string { return fmt.Sprintf("demo-channel:%d", number(digest)+n) }, sheetsBody},
	"yandex": {"address.changed", prefixed("yx_"), yandexBody},
	"slack":  {"event_callback", prefixed("Ev"), slackBody},
	"":       {"demo.created", prefixed("ev_"), genericBody},
}

func prefixed(prefix string) func(string, int64) string {
	return func(digest string, n int64) string {
		if n == 0 {
			return prefix + digest
		}
		return fmt.Sprintf("%s%s_%d", prefix, digest, n)
	}
}

// number makes a message number of a digest: Google counts, it does not name.
func number(digest string) int64 {
	n := int64(2)
	for _, c := range digest {
		n = (n*31 + int64(c)) % 1_000_000_000
	}
	return n + 2
}

// event is the n-th body with its id and type; n is 0 where there is one only.
// Without --new the id is a function of the command, so that the same command
// again is the same event again; a count makes a new series every time.
func (c sendCommand) event(hook events.Hook, n int64) (body []byte, id, kind string, err error) {
	made, known := samples[hook.Preset]
	if !known {
		made = samples[""]
	}
	if kind = c.Type; kind == "" {
		kind = made.kind
	}
	var file []byte
	if c.File != "" {
		if file, err = os.ReadFile(c.File); err != nil {
			return nil, "", "", err
		}
	}
	if id = c.ID; id == "" {
		id = made.id(c.digest(hook, kind, file), n)
	} else if n > 0 {
		id = fmt.Sprintf("%s_%d", id, n)
	}
	if file != nil {
		return file, id, kind, nil
	}
	body, err = json.Marshal(made.body(c, id, kind))
	return body, id, kind, err
}

// digest tells commands apart.
func (c sendCommand) digest(hook events.Hook, kind string, file []byte) string {
	if c.New || c.Count > 1 {
		return seriesName
	}
	text := fmt.Sprint(hook.Tenant, "\x00", hook.Source, "\x00", kind, "\x00", c.Payer, "\x00", c.Amount, "\x00", string(file))
	return strings.TrimPrefix(events.HashID([]byte(text)), "sha256:")[:16]
}

// seriesName distinguishes one run of `send --new` or `send --count` from the next.
var seriesName = strings.ToLower(rand.Text()[:12])

func stripeBody(c sendCommand, id, kind string) any {
	object := map[string]any{
		"id": "pi_" + strings.TrimPrefix(id, "evt_"), "object": "payment_intent", "amount": c.Amount, "amount_received": c.Amount,
		"currency": "uzs", "description": "Квартплата, ноябрь", "status": "succeeded", "metadata": map[string]string{"resident_id": c.Payer},
	}
	family, _, _ := strings.Cut(kind, ".")
	switch family {
	case "refund":
		object["id"], object["object"], object["payment_intent"] = "re_"+strings.TrimPrefix(id, "evt_"), "refund", "pi_demo"
	case "invoice":
		object["id"], object["object"] = "in_"+strings.TrimPrefix(id, "evt_"), "invoice"
		object["amount_paid"], object["amount_due"], object["total"] = c.Amount, c.Amount, c.Amount
	case "charge":
		object["id"], object["object"], object["payment_intent"] = "ch_"+strings.TrimPrefix(id, "evt_"), "charge", "pi_demo"
		if strings.HasPrefix(kind, "charge.dispute.") {
			object["id"], object["object"], object["status"] = "dp_"+strings.TrimPrefix(id, "evt_"), "dispute", "needs_response"
		}
	}
	return map[string]any{
		"id": id, "object": "event", "type": kind, "created": time.Now().Unix(), "livemode": false,
		"api_version": "2025-03-31", "data": map[string]any{"object": object},
	}
}

func sheetsBody(sendCommand, string, string) any {
	return map[string]any{"spreadsheetId": "demo-sheet", "sheetName": "Показания", "range": "A2:D14"}
}

func yandexBody(_ sendCommand, id, kind string) any {
	return map[string]any{
		"id": id, "type": kind, "address": "Ташкент, улица Амира Темура, 15", "building_id": "b-15",
		"point": map[string]float64{"lat": 41.3275, "lon": 69.2817},
	}
}

func slackBody(_ sendCommand, id, kind string) any {
	return map[string]any{"event_id": id, "type": kind, "event": map[string]string{"type": "message", "text": "Привет"}}
}

func genericBody(_ sendCommand, id, kind string) any {
	return map[string]any{"id": id, "type": kind, "message": "Проверка связи / Aloqa tekshiruvi / A test of the line"}
}
