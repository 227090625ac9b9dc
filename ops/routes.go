package ops

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"
)

// headerTenant chooses the tenant where the query does not.
const headerTenant = "X-Tenant-ID"

// query is a request's parameters, copied out of its buffer.
type query struct {
	values map[string]string
	tenant string
}

// readQuery reads the query and refuses a parameter that no route knows: a
// filter that is misspelt must not select everything.
func readQuery(c *fiber.Ctx, known ...string) (query, error) {
	q := query{values: map[string]string{}}
	var stranger bool
	c.Context().QueryArgs().VisitAll(func(name, value []byte) {
		n := string(name)
		if n != "tenant" && !slices.Contains(known, n) {
			stranger = true
		}
		if _, twice := q.values[n]; !twice {
			q.values[n] = string(value)
		}
	})
	if stranger {
		return q, InvalidError{"query", "this route knows: " + strings.Join(append(known, "tenant"), ", ")}
	}
	if q.tenant = q.values["tenant"]; q.tenant == "" {
		q.tenant = strings.Clone(c.Get(headerTenant))
	}
	return q, nil
}

// list answers GET /api/v1/webhooks/events.
func (a api) list(ctx context.Context, key Key, c *fiber.Ctx) (answer, error) {
	q, err := readQuery(c, "source", "type", "status", "error", "since", "until", "limit", "cursor")
	if err != nil {
		return answer{}, err
	}
	filter, err := q.filter(key)
	if err != nil {
		return answer{}, err
	}
	page, err := ListEvents(ctx, a.deps, filter)
	return answer{http.StatusOK, page}, err
}

func (q query) filter(key Key) (Filter, error) {
	tenant, err := tenantFor(key, q.tenant)
	if err != nil {
		return Filter{}, err
	}
	v, now := q.values, time.Now()
	f := Filter{Tenant: tenant, Source: v["source"], Type: v["type"], Status: v["status"], Error: v["error"], Cursor: v["cursor"]}
	if f.Since, err = ParseTime("since", v["since"], now); err != nil {
		return f, err
	}
	if f.Until, err = ParseTime("until", v["until"], now); err != nil {
		return f, err
	}
	if v["limit"] != "" {
		if f.Limit, err = strconv.Atoi(v["limit"]); err != nil || f.Limit < 1 {
			return f, InvalidError{"limit", "is 1 to " + strconv.Itoa(PageMax)}
		}
	}
	return f, nil
}

// show answers GET /api/v1/webhooks/events/{id}.
func (a api) show(ctx context.Context, key Key, c *fiber.Ctx) (answer, error) {
	tenant, id, source, err := one(key, c)
	if err != nil {
		return answer{}, err
	}
	story, err := ShowEvent(ctx, a.deps, tenant, id, source)
	return answer{http.StatusOK, story}, err
}

// retry answers POST /api/v1/webhooks/events/{id}/retry.
func (a api) retry(ctx context.Context, key Key, c *fiber.Ctx) (answer, error) {
	tenant, id, source, err := one(key, c)
	if err != nil {
		return answer{}, err
	}
	again, err := RetryEvent(ctx, a.deps, tenant, id, source)
	if err == nil {
		a.deps.Log.Info().Str("component", "ops").Str("key", key.Name).Str("tenant", tenant).
			Str("event_id", again.ID).Str("retry_id", again.RetryID).Msg("event retried by hand")
	}
	return answer{http.StatusAccepted, again}, err
}

// one is which event a request names.
func one(key Key, c *fiber.Ctx) (tenant, id, source string, err error) {
	q, err := readQuery(c, "source")
	if err != nil {
		return "", "", "", err
	}
	if tenant, err = tenantFor(key, q.tenant); err != nil {
		return "", "", "", err
	}
	id = strings.Clone(c.Params("id"))
	if !c.App().Config().UnescapePath { // else it is done already
		if id, err = url.PathUnescape(id); err != nil {
			return "", "", "", InvalidError{"id", "is not escaped as a URL's path is"}
		}
	}
	return tenant, id, q.values["source"], nil
}

// bulkRequest is the body of POST /api/v1/webhooks/retries. DryRun must be
// false in so many words before anything is done.
type bulkRequest struct {
	Tenant string `json:"tenant"`
	Source string `json:"source"`
	Type   string `json:"type"`
	Status string `json:"status"`
	Error  string `json:"error"`
	Since  string `json:"since"`
	Until  string `json:"until"`
	Limit  int    `json:"limit"`
	DryRun *bool  `json:"dry_run"`
}

// retries answers POST /api/v1/webhooks/retries.
func (a api) retries(ctx context.Context, key Key, c *fiber.Ctx) (answer, error) {
	q, err := readQuery(c)
	if err != nil {
		return answer{}, err
	}
	request, err := readBulk(c.BodyRaw())
	if err != nil {
		return answer{}, err
	}
	if request.Tenant == "" {
		request.Tenant = q.tenant
	}
	filter, err := request.filter(key)
	if err != nil {
		return answer{}, err
	}
	dryRun := request.DryRun == nil || *request.DryRun
	result, err := RetryEvents(ctx, a.deps, filter, dryRun, nil)
	if !dryRun {
		a.deps.Log.Info().Str("component", "ops").Str("key", key.Name).Str("tenant", filter.Tenant).
			Int("retried", result.Retried).Int("skipped", result.Skipped).Msg("events retried by hand")
	}
	status := http.StatusAccepted
	if dryRun {
		status = http.StatusOK
	}
	return answer{status, result}, err
}

// readBulk refuses an unknown field: a filter that is misspelt must not select everything.
func readBulk(body []byte) (bulkRequest, error) {
	var request bulkRequest
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.DisallowUnknownFields()
	err := decoder.Decode(&request)
	if err == nil {
		if _, trailing := decoder.Token(); errors.Is(trailing, io.EOF) {
			return request, nil
		}
	}
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok && wrong.Field != "" {
		return request, InvalidError{wrong.Field, "is not a " + wrong.Type.String()}
	}
	return request, InvalidError{"body", "is a JSON object of tenant, source, type, status, error, since, until, limit, dry_run"}
}

func (r bulkRequest) filter(key Key) (RetryFilter, error) {
	tenant, err := tenantFor(key, r.Tenant)
	if err != nil {
		return RetryFilter{}, err
	}
	now := time.Now()
	f := RetryFilter{Tenant: tenant, Source: r.Source, Type: r.Type, Status: r.Status, Error: r.Error, Limit: r.Limit}
	if f.Since, err = ParseTime("since", r.Since, now); err != nil {
		return f, err
	}
	f.Until, err = ParseTime("until", r.Until, now)
	return f, err
}
