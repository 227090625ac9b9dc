package events

// Relation is what a person is to a thing that changed.
type Relation string

// The relations of those who must know.
const (
	RelationSubject          Relation = "subject" // whom the change is about
	RelationManager          Relation = "manager"
	RelationAdmin            Relation = "admin"
	RelationApplicant        Relation = "applicant" // of the request
	RelationExecutor         Relation = "executor"
	RelationPreviousExecutor Relation = "previous_executor" // from whom it was taken
)

// Knower is one who must know of a change, or all of a role. An event lists them
// under "know", and whoever makes notices of it needs nothing else:
//
//   - an entry with a person is for that person, as what the relation says;
//   - an entry without one is for all approved people who have the relation's role.
//
// What concerns the managers names those who are on shift at that moment, and
// has one entry without a person when none is. A person may stand there twice,
// with two relations; who made the change may be among them.
type Knower struct {
	Person   string   `json:"person,omitempty"` // a user's id; empty: all who have the relation's role
	Relation Relation `json:"relation"`
}
