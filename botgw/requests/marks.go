package requests

import (
	"ukbot/api"
)

// marks are how a status is seen at a glance, in lists and cards alike.
var marks = map[api.RequestStatus]string{
	api.RequestStatusNew:           "🆕",
	api.RequestStatusInProgress:    "🔧",
	api.RequestStatusPurchase:      "🛒",
	api.RequestStatusClarification: "❓",
	api.RequestStatusCompleted:     "✅",
	api.RequestStatusConfirmed:     "👍",
	api.RequestStatusReturned:      "↩️",
	api.RequestStatusAccepted:      "🏁",
	api.RequestStatusCancelled:     "✖️",
}

// alarms are the urgencies that are shown by more than their name.
var alarms = map[api.Urgency]string{
	api.Urgent:   "🟠",
	api.Critical: "🔴",
}

// late is the mark of a request whose deadline has passed.
const late = "⏰"

// mark is all marks of a request, the status first.
func mark(r api.Request) string {
	marks := marks[r.Status] + alarms[r.Urgency]
	if r.Overdue {
		marks += late
	}
	return marks
}
