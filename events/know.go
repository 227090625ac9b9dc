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

// Knower is one who must know of a change, or all of a role.
type Knower struct {
	Person   string   `json:"person,omitempty"` // a user's id; empty: all who have the relation's role
	Relation Relation `json:"relation"`
}
