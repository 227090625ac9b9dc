// Package company is the bot's way to the housing services: the generated
// client over one Line with keep-alive, deadlines, three attempts where a repeat
// is harmless, a breaker per service, and the ids by which a call is found in
// the logs.
//
//	line, err := company.NewLine(company.LineConfig{URL: "http://127.0.0.1:8009/api/v1", Metrics: m, Log: log})
//	acme, err := company.New(company.Config{Line: line, Tenant: "acme", Key: key})
//	acme.Machine().GetCompanyWithResponse(ctx)      // with the bot's own key
//	acme.As(token).ListRequestsWithResponse(ctx, …) // as a person
//
// What cannot be answered now is ErrAway, whatever the reason. No error and no
// log line holds an address, a token or a body.
package company
