package workflow

import (
	"errors"
	"slices"
	"testing"

	"ukbot/housing/access"
)

// reach is how far a permission goes for a role; a machine's scope reaches all.
func reach(action Action, role access.Role) access.Reach {
	if role == Machine {
		return access.Any
	}
	return access.Table[Permissions[action]][role]
}

func TestTheTableAgreesWithThePermissions(t *testing.T) {
	for _, row := range Table {
		if _, ok := Permissions[row.Action]; !ok {
			t.Errorf("%s takes no permission", row.Action)
		}
		for _, role := range row.By {
			// An executor takes what is nobody's yet: "own" is there what they are skilled in.
			own := row.Own || slices.Contains(row.If, Skilled)
			if got := reach(row.Action, role); got == access.None || got == access.Own && !own || got == access.Any && row.Own {
				t.Errorf("%v %s by %s (own: %v), but the permission reaches %v", row.From, row.Action, role, own, got)
			}
		}
	}
	for action, permission := range Permissions {
		for role := range access.Table[permission] {
			if !slices.ContainsFunc(Table, func(r Row) bool { return r.Action == action && slices.Contains(r.By, role) }) {
				t.Errorf("%s has the permission to %s, but no row", role, action)
			}
		}
	}
}

func TestNoTwoRowsAnswerTheSameQuestion(t *testing.T) {
	seen := map[[3]string]bool{}
	for _, row := range Table {
		for _, from := range row.From {
			for _, role := range row.By {
				key := [3]string{string(from), string(row.Action), string(role)}
				if seen[key] {
					t.Errorf("%v has two rows", key)
				}
				seen[key] = true
			}
		}
	}
}

func TestEveryStatusIsReachedAndLeftUnlessClosed(t *testing.T) {
	for _, info := range Statuses {
		into := slices.ContainsFunc(Table, func(r Row) bool { return r.To == info.Status })
		out := slices.ContainsFunc(Table, func(r Row) bool { return slices.Contains(r.From, info.Status) })
		if into == (info.Status == New) {
			t.Errorf("%s: a way into it is %v", info.Status, into)
		}
		if out == (info.Group == Closed) {
			t.Errorf("%s: a way out of it is %v", info.Status, out)
		}
		if (info.Group == Closed) != (info.Clock == Stopped) {
			t.Errorf("%s: group %s, clock %s", info.Status, info.Group, info.Clock)
		}
		if info.RU == "" || info.UZ == "" || info.EN == "" {
			t.Errorf("%s has no name in some language", info.Status)
		}
	}
}

func TestEveryStatusOfTheTableIsKnown(t *testing.T) {
	for _, row := range Table {
		for _, status := range append(slices.Clone(row.From), row.To) {
			if Of(status).Status != status || status == "" {
				t.Errorf("%s: unknown status %q", row.Action, status)
			}
		}
	}
	grouped := 0
	for _, group := range Groups {
		grouped += len(In(group))
	}
	if grouped != len(Statuses) {
		t.Errorf("the groups hold %d statuses, there are %d", grouped, len(Statuses))
	}
}

func TestFind(t *testing.T) {
	for name, tc := range map[string]struct {
		status Status
		action Action
		role   access.Role
		own    bool
		to     Status
		err    error
	}{
		"a manager assigns a new request":              {New, Assign, access.Manager, false, InProgress, nil},
		"an executor takes a new one":                  {New, Take, access.Executor, false, InProgress, nil},
		"nobody takes what somebody has":               {InProgress, Take, access.Executor, false, "", ErrStatus},
		"a manager does not take":                      {New, Take, access.Manager, false, "", ErrRole},
		"an executor completes what is theirs":         {InProgress, Done, access.Executor, true, Completed, nil},
		"an executor does not complete another's":      {InProgress, Done, access.Executor, false, "", ErrRole},
		"a manager completes anybody's":                {InProgress, Done, access.Manager, false, Completed, nil},
		"an API key confirms":                          {Completed, Confirm, Machine, false, Confirmed, nil},
		"a resident accepts their own":                 {Confirmed, Accept, access.Applicant, true, Accepted, nil},
		"a resident does not accept a neighbour's":     {Confirmed, Accept, access.Applicant, false, "", ErrRole},
		"a resident does not accept what is not ready": {InProgress, Accept, access.Applicant, true, "", ErrStatus},
		"a manager does not return for the resident":   {Confirmed, Return, access.Manager, true, "", ErrRole},
		"nothing is done to what is closed":            {Accepted, Resume, access.Admin, false, "", ErrStatus},
		"an unknown action is nobody's":                {New, "paint", access.Admin, false, "", ErrRole},
	} {
		t.Run(name, func(t *testing.T) {
			row, err := Find(tc.status, tc.action, tc.role, tc.own)
			if row.To != tc.to || !errors.Is(err, tc.err) {
				t.Errorf("Find(%s, %s, %s, %v) = %s, %v; want %s, %v", tc.status, tc.action, tc.role, tc.own, row.To, err, tc.to, tc.err)
			}
		})
	}
}

func TestAcceptingForTheResidentWaitsAndIsExplained(t *testing.T) {
	row, err := Find(Confirmed, Accept, access.Manager, false)
	if err != nil || !slices.Contains(row.If, Waited) || !row.Wants(LongComment) || row.Wants(Stars) {
		t.Errorf("accept by a manager: %+v, %v", row, err)
	}
}

func TestActionsAreWhatConditionsAndPermissionsLeave(t *testing.T) {
	all := func(Condition) bool { return true }
	may := func(access.Action) bool { return true }
	for name, tc := range map[string]struct {
		status Status
		role   access.Role
		facts  Facts
		want   []Action
	}{
		"a resident may cancel their new request": {New, access.Applicant, Facts{true, all, may}, []Action{Cancel}},
		"a neighbour may not":                     {New, access.Applicant, Facts{false, all, may}, []Action{}},
		"an executor off shift may not take": {
			New, access.Executor,
			Facts{false, func(c Condition) bool { return c != OnShift }, may},
			[]Action{},
		},
		"an executor at work": {InProgress, access.Executor, Facts{true, all, may}, []Action{Buy, Clarify, Done}},
		"a key without the scope may not": {
			New, Machine,
			Facts{false, all, func(a access.Action) bool { return a == access.RequestsCancel }},
			[]Action{Cancel},
		},
	} {
		t.Run(name, func(t *testing.T) {
			if got := Actions(tc.status, tc.role, tc.facts); !slices.Equal(got, tc.want) {
				t.Errorf("got %v, want %v", got, tc.want)
			}
		})
	}
}

func TestReasonsForStaff(t *testing.T) {
	if !InsideReason(InProgress, Assign) || InsideReason(New, Assign) || InsideReason(Completed, Rework) {
		t.Error("only why it went to somebody else is for staff alone")
	}
}
