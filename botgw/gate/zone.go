package gate

import (
	"context"
	"sync"
	"time"

	"ukbot/botgw/company"
)

// zones are the companies' time zones.
type zones struct {
	now func() time.Time

	mu   sync.Mutex
	read map[string]zone
}

type zone struct {
	location *time.Location
	at       time.Time // when it was asked for last
}

const (
	zoneFresh = time.Minute
	zoneTime  = 2 * time.Second // a turn does not wait longer: yesterday's zone is today's
	zoneFirst = "Asia/Tashkent" // until a company has said otherwise
)

func newZones(now func() time.Time) *zones { return &zones{now: now, read: map[string]zone{}} }

// known is the zone without asking.
func (z *zones) known(tenant string) *time.Location {
	z.mu.Lock()
	defer z.mu.Unlock()
	if found, ok := z.read[tenant]; ok {
		return found.location
	}
	return defaultZone()
}

func defaultZone() *time.Location {
	if location, err := time.LoadLocation(zoneFirst); err == nil {
		return location
	}
	return time.UTC // a machine without a zone database
}

// of is the company's zone, asked for once a minute by one turn while the others
// go on with what there is.
func (z *zones) of(ctx context.Context, client *company.Client) *time.Location {
	location := z.known(client.Tenant)
	if !z.due(client.Tenant, location) {
		return location
	}
	ctx, cancel := context.WithTimeout(ctx, zoneTime)
	defer cancel()
	answer, err := client.Machine().GetCompanyWithResponse(ctx)
	if err != nil || answer.JSON200 == nil {
		return location
	}
	if told, err := time.LoadLocation(answer.JSON200.TimeZone); err == nil {
		location = told
	}
	z.mu.Lock()
	defer z.mu.Unlock()
	z.read[client.Tenant] = zone{location, z.now()}
	return location
}

// due says whether to ask now, to one turn.
func (z *zones) due(tenant string, location *time.Location) bool {
	z.mu.Lock()
	defer z.mu.Unlock()
	now := z.now()
	if age := now.Sub(z.read[tenant].at); age >= 0 && age < zoneFresh {
		return false
	}
	z.read[tenant] = zone{location, now}
	return true
}
