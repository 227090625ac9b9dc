package db

import (
	"time"

	"github.com/google/uuid"
)

// SettlePayment is one row for SettlePayments, which takes columns.
type SettlePayment struct {
	Tenant, Source, ExternalID   string
	Kind, Status                 string
	AmountMinor                  int64
	Currency                     string
	Payer, ParentID, Description string // empty: not known, what is stored stays
	ProviderTime                 time.Time
	ProviderRank                 int16
	Webhook                      uuid.UUID
}

// Columns turns rows into the parameters of SettlePayments. Of several states
// of one payment only the last by (time, rank) goes in.
func Columns(rows []SettlePayment) SettlePaymentsParams {
	type key struct{ tenant, source, id string }
	last := make(map[key]SettlePayment, len(rows))
	for _, row := range rows {
		k := key{row.Tenant, row.Source, row.ExternalID}
		if have, ok := last[k]; !ok || have.before(row) {
			last[k] = row
		}
	}
	var p SettlePaymentsParams
	for _, row := range last {
		p.TenantIds, p.Sources = append(p.TenantIds, row.Tenant), append(p.Sources, row.Source)
		p.ExternalIds, p.Kinds = append(p.ExternalIds, row.ExternalID), append(p.Kinds, row.Kind)
		p.Statuses, p.AmountsMinor = append(p.Statuses, row.Status), append(p.AmountsMinor, row.AmountMinor)
		p.Currencies, p.Payers = append(p.Currencies, row.Currency), append(p.Payers, row.Payer)
		p.ParentIds, p.Descriptions = append(p.ParentIds, row.ParentID), append(p.Descriptions, row.Description)
		p.ProviderTimes, p.ProviderRanks = append(p.ProviderTimes, row.ProviderTime), append(p.ProviderRanks, row.ProviderRank)
		p.WebhookIds = append(p.WebhookIds, row.Webhook)
	}
	return p
}

// before says whether other is the later state, or as late and later seen.
func (r SettlePayment) before(other SettlePayment) bool {
	if !r.ProviderTime.Equal(other.ProviderTime) {
		return r.ProviderTime.Before(other.ProviderTime)
	}
	return r.ProviderRank <= other.ProviderRank
}
