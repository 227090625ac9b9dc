package events

// TypeUserPrefix begins the type of every event about a person; the change
// follows, as in the subject.
const TypeUserPrefix = "housing.user."

// Changes of a person: what follows the tenant in housing.user.<tenant>.<change>.
const (
	UserRegistered        = "registered" // by themselves, or entered by a manager
	UserApproved          = "approved"
	UserBlocked           = "blocked"
	UserUnblocked         = "unblocked"
	UserEdited            = "edited" // name, phone, language, Telegram account
	UserRoles             = "roles"
	UserApartmentAsked    = "apartment.asked"
	UserApartmentApproved = "apartment.approved" // also when a manager linked it
	UserApartmentRejected = "apartment.rejected"
	UserApartmentRemoved  = "apartment.removed"
	UserSessionReused     = "session_reused" // an old refresh token was shown, so the session ended
	UserInvitedUsed       = "invited.used"   // the person came with an invitation: role, apartment and approval with it
)

// UserChanged is the data of housing.user.<tenant>.<change>: one change of one
// person. It never holds a phone.
type UserChanged struct {
	User       UserBrief       `json:"user"` // after the change
	Actor      Actor           `json:"actor"`
	Reason     string          `json:"reason,omitempty"`     // with blocked and apartment.rejected
	Apartment  *ApartmentBrief `json:"apartment,omitempty"`  // that the change is about
	Invitation string          `json:"invitation,omitempty"` // id, with invited.used
	Login      *LoginBrief     `json:"login,omitempty"`      // with session_reused
	Know       []Knower        `json:"know"`                 // who must be told; never who did it
}

// UserBrief is a person as a notice shows them.
type UserBrief struct {
	ID       string   `json:"id"`
	Name     string   `json:"name"`
	Language string   `json:"language"`
	Status   string   `json:"status"`
	Roles    []string `json:"roles"`
	Version  int64    `json:"version"`
}

// LoginBrief is where a person was logged in.
type LoginBrief struct {
	Session string `json:"session"` // id
	Client  string `json:"client"`  // name of the API key that logged them in, or "command line"
}

// ApartmentBrief is an apartment as a notice shows it.
type ApartmentBrief struct {
	ID       string `json:"id"`
	Address  string `json:"address"` // of the building
	Number   string `json:"number"`
	Relation string `json:"relation"` // owner, tenant or family
}
