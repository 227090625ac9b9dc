package events

import (
	"errors"
	"maps"
	"reflect"
	"testing"
	"time"

	"ukbot/golden"
)

// aTap is an update as the intake stores it.
func aTap() Update {
	return Update{
		ID: UpdateID(100, 900), Type: "callback_query", Tenant: "acme", Bot: 100, Chat: -1005,
		Time:  time.Date(2025, 10, 7, 12, 0, 0, 5e6, time.UTC),
		Trace: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
		Data:  []byte(`{"update_id":900,"callback_query":{"id":"q1"}}`),
	}
}

func TestAnUpdateKeepsItsFormOnTheWire(t *testing.T) {
	u := aTap()
	golden.Equal(t, "update.golden.txt", wire(u.Header(), u.Data))
	back, err := DecodeUpdate(u.Header(), u.Data)
	if err != nil || !reflect.DeepEqual(back, u) {
		t.Errorf("DecodeUpdate() = %+v, %v; want %+v", back, err, u)
	}
	if got, want := UpdateKey(u.Header()), "100/-1005"; got != want {
		t.Errorf("UpdateKey() = %q, want %q", got, want)
	}
	if got, want := u.Subject(), UpdateSubject("acme", -1005); got != want {
		t.Errorf("Subject() = %q, want %q", got, want)
	}
}

func TestAnUpdateThatLacksSomethingIsMalformed(t *testing.T) {
	for _, name := range []string{"ce-id", "ce-type", "ce-tenant", "ce-time", headerBot, headerChat} {
		header := maps.Clone(aTap().Header())
		delete(header, name)
		if _, err := DecodeUpdate(header, nil); !errors.Is(err, ErrMalformed) {
			t.Errorf("without %s: %v", name, err)
		}
		header[name] = []string{"?"}
		if _, err := DecodeUpdate(header, nil); (name == headerBot || name == headerChat || name == "ce-time") && !errors.Is(err, ErrMalformed) {
			t.Errorf("%s of nonsense: %v", name, err)
		}
	}
	if got := UpdateKey(nil); got != "/" {
		t.Errorf("UpdateKey(nil) = %q", got)
	}
}

func TestTheSameUpdateHasTheSameID(t *testing.T) {
	if a, b := UnreadableID(100, []byte("x")), UnreadableID(100, []byte("y")); a == b || a != UnreadableID(100, []byte("x")) {
		t.Errorf("ids %s, %s", a, b)
	}
	if got := UpdateID(100, 900); got != "tg-100-900" {
		t.Errorf("UpdateID() = %s", got)
	}
}
