package requests

import (
	"slices"

	"ukbot/api"
	"ukbot/botgw/talk"
)

// query is what is asked of the housing services' list.
type query = api.ListRequestsParams

// filter is one of the choices above a list.
type filter struct {
	code  string // in buttons
	label string // key
	empty string // key of what to say, and to do, when there is nothing
	sort  api.ListRequestsParamsSort
	ask   []query // the list is what any of these finds
}

// view is the lists of a role.
type view struct {
	title   string // key
	first   string // code of the filter that is shown when none is asked for
	filters []filter
}

// views is who sees which lists.
var views = map[api.Role]view{
	api.RoleApplicant: ofResident,
	api.RoleExecutor:  ofExecutor,
	api.RoleManager:   ofManager,
	api.RoleAdmin:     ofManager,
}

var ofResident = view{title: "requests.title_mine", first: "open", filters: []filter{
	{"open", "requests.filter_open", "requests.empty_mine_open", api.Due, []query{{Mine: new(true)}}},
	{"me", "requests.filter_me", "requests.empty_mine_me", api.Newest, []query{
		{Mine: new(true), Status: new(api.RequestStatusClarification)},
		{Mine: new(true), Status: new(api.RequestStatusConfirmed)},
	}},
	{"late", "requests.filter_late", "requests.empty_late", api.Due, []query{{Mine: new(true), Overdue: new(true)}}},
	{"past", "requests.filter_past", "requests.empty_past", api.Newest, []query{{Mine: new(true), StatusGroup: new(api.ListRequestsParamsStatusGroupClosed)}}},
	{"all", "requests.filter_all", "requests.empty_mine_all", api.Newest, []query{{Mine: new(true)}}},
}}

var ofExecutor = view{title: "requests.title_work", first: "work", filters: []filter{
	{"work", "requests.filter_work", "requests.empty_work", api.Due, []query{{Mine: new(true), StatusGroup: new(api.ListRequestsParamsStatusGroupActive)}}},
	{"free", "requests.filter_free", "requests.empty_free", api.Due, []query{{Free: new(true)}}},
	{"wait", "requests.filter_wait", "requests.empty_wait", api.Due, []query{{Mine: new(true), StatusGroup: new(api.ListRequestsParamsStatusGroupWaiting)}}},
	{"late", "requests.filter_late", "requests.empty_late", api.Due, []query{{Mine: new(true), Overdue: new(true)}}},
	{"past", "requests.filter_done", "requests.empty_done", api.Newest, []query{
		{Mine: new(true), StatusGroup: new(api.ListRequestsParamsStatusGroupDone)},
		{Mine: new(true), StatusGroup: new(api.ListRequestsParamsStatusGroupClosed)},
	}},
}}

var ofManager = view{title: "requests.title_queue", first: "new", filters: []filter{
	{"late", "requests.filter_late", "requests.empty_late", api.Due, []query{{Overdue: new(true)}}},
	{"new", "requests.filter_new", "requests.empty_new", api.Due, []query{{StatusGroup: new(api.ListRequestsParamsStatusGroupOpen)}}},
	{"work", "requests.filter_work", "requests.empty_queue_work", api.Due, []query{
		{StatusGroup: new(api.ListRequestsParamsStatusGroupActive)},
		{StatusGroup: new(api.ListRequestsParamsStatusGroupWaiting)},
	}},
	{"done", "requests.filter_check", "requests.empty_check", api.Oldest, []query{{Status: new(api.RequestStatusCompleted)}}},
	{"all", "requests.filter_all", "requests.empty_all", api.Newest, []query{{}}},
}}

// choose is the filter of a code in the lists of somebody's role; of a code
// that is not there, as in a button of another role, the first.
func choose(t *talk.Turn, code string) (view, filter) {
	v := views[t.Person.Role]
	for _, want := range []string{code, v.first} {
		if i := slices.IndexFunc(v.filters, func(f filter) bool { return f.code == want }); i >= 0 {
			return v, v.filters[i]
		}
	}
	return v, filter{}
}
