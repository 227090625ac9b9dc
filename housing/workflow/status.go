package workflow

// Group is statuses that lists show together.
type Group string

// The groups.
const (
	Open     Group = "open"    // nobody works on it yet
	Active   Group = "active"  // somebody works on it
	Waiting  Group = "waiting" // for materials or an answer
	Finished Group = "done"    // reported done, not yet accepted
	Closed   Group = "closed"
)

// Clock says how a status treats the time for completion.
type Clock int

// What the completion clock does.
const (
	Stopped Clock = iota // for ever
	Paused               // the time does not count
	Runs
)

func (c Clock) String() string { return [...]string{"stopped", "paused", "runs"}[c] }

// Info is what there is to know about a status.
type Info struct {
	Status     Status
	Group      Group
	Clock      Clock
	RU, UZ, EN string // its name for people
}

// Statuses is every status, in the order of a request's life.
var Statuses = []Info{
	{New, Open, Runs, "Новая", "Yangi", "New"},
	{InProgress, Active, Runs, "В работе", "Ishda", "In progress"},
	{Purchase, Waiting, Paused, "Закуп", "Xarid", "Purchase"},
	{Clarification, Waiting, Paused, "Уточнение", "Aniqlashtirish", "Clarification"},
	{Completed, Finished, Paused, "Выполнена", "Bajarildi", "Completed"},
	{Confirmed, Finished, Paused, "Исполнено", "Ijro etildi", "Confirmed"},
	{Returned, Active, Runs, "Возвращена", "Qaytarildi", "Returned"},
	{Accepted, Closed, Stopped, "Принято", "Qabul qilindi", "Accepted"},
	{Cancelled, Closed, Stopped, "Отменена", "Bekor qilindi", "Cancelled"},
}

// Groups in the order of a request's life.
var Groups = []Group{Open, Active, Waiting, Finished, Closed}

// ClockOf is what the completion clock does in a status; an unknown one stops it.
func ClockOf(status Status) Clock { return Of(status).Clock }

// Of is what there is to know about a status; zero if it is none.
func Of(status Status) Info {
	for _, info := range Statuses {
		if info.Status == status {
			return info
		}
	}
	return Info{}
}

// In is the statuses of a group.
func In(group Group) []Status {
	var of []Status
	for _, info := range Statuses {
		if info.Group == group {
			of = append(of, info.Status)
		}
	}
	return of
}

// Held is the statuses in which a request lies with an executor: those that
// move when a shift is handed over, and that count as load.
var Held = []Status{InProgress, Purchase, Clarification, Returned}
