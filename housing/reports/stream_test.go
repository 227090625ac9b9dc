package reports

import (
	"context"
	"io"
	"strings"
	"testing"

	"github.com/rs/zerolog"
)

func TestAPanicOfAnExportEndsItsAnswerAlone(t *testing.T) {
	var log strings.Builder
	s := newStream(t.Context(), zerolog.New(&log), "text/csv", "x.csv", func(_ context.Context, out io.Writer) error {
		_, _ = io.WriteString(out, "half")
		panic("a bug")
	})
	if raw, err := io.ReadAll(s); err == nil {
		t.Errorf("read %q and no error: the client would take it for the whole", raw)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if !strings.Contains(log.String(), "a bug") {
		t.Errorf("the log says nothing of it: %s", log.String())
	}
}
