package files

import (
	"ukbot/events"
	"ukbot/housing/access"
	"ukbot/housing/requests"
)

// fileAdded is the line of history, and the event, of a new file.
func fileAdded(caller access.Caller, name string) requests.Entry {
	return requests.Entry{Actor: requests.By(caller), Action: requests.ActionFile, Event: events.RequestFile, Reason: "+ " + name}
}

// fileRemoved is that of one removed.
func fileRemoved(caller access.Caller, name string) requests.Entry {
	return requests.Entry{Actor: requests.By(caller), Action: requests.ActionFile, Event: events.RequestFile, Reason: "− " + name}
}
