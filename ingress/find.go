package ingress

import "ukbot/events"

// tenantHeader names the tenant where the path does not.
const tenantHeader = "X-Tenant-ID"

// find is the configuration that a request is for, verified. The tenant comes
// from the path; else from the configuration, where the source has only one;
// else from X-Tenant-ID; else from the configuration whose signature the request
// carries; else it is the default tenant. With an error, the configuration that
// refused, if one did.
func (h *hooks) find(tenant, source string, r *request) (*hook, error) {
	table := h.table.Load()
	if table == nil {
		return nil, errStreamUnavailable
	}
	if tenant == "" {
		tenant = r.header(tenantHeader)
	}
	if tenant != "" && !events.ValidName(tenant) {
		return nil, errTenantInvalid
	}
	found := (*table)[source]
	switch {
	case found == nil:
		return nil, errUnknownSource
	case tenant == "":
		return found.matching(r)
	}
	named := found.byTenant[tenant]
	if named == nil {
		return nil, errUnknownSource
	}
	return named, named.admit(r)
}

// matching is the one configuration there is, or the one that verifies the
// request. The default tenant's answer is what a stranger sees.
func (s *sourceHooks) matching(r *request) (*hook, error) {
	if len(s.byTenant) == 1 {
		for _, only := range s.byTenant {
			return only, only.admit(r)
		}
	}
	for _, candidate := range s.claimers {
		if candidate.admit(r) == nil {
			return candidate, nil
		}
	}
	fallback := s.byTenant[events.DefaultTenant]
	if fallback == nil {
		return nil, errUnknownSource
	}
	return fallback, fallback.admit(r)
}

// admit verifies a request for this configuration.
func (h *hook) admit(r *request) error {
	switch {
	case !h.Enabled:
		return errUnknownSource
	case h.err != nil:
		return errMisconfigured
	}
	return h.verify(r)
}
