// Package housingtest gives each test a company of its own behind a real HTTP
// server: a fresh database, embedded streams, a clock that the test sets, and
// clients for people of every role.
//
//	func TestMain(m *testing.M) { housingtest.Main(m, (*requests.Handlers)(nil)) }
//
//	func TestResidentCreatesARequest(t *testing.T) {
//		s := housingtest.Start(t)
//		anna := s.Applicant()
//		building, apartment := s.Home(anna.User)
//		made, err := anna.API.CreateRequestWithResponse(t.Context(), nil, api.CreateRequestJSONRequestBody{…})
//		…
//		if got := s.Outbox(t); … // the events, in order
//	}
//
// Every response is held against api/openapi.yaml: a status, header or field
// that is not in it fails the test. Main fails a package in which an operation
// of its own was never answered with success. It is for tests only.
package housingtest
