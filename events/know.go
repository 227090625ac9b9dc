package events

// Relation is what a person is to a thing that changed.
type Relation string

// The relations of those who must know. Managers and administrators are not
// listed one by one: an empty person means all who have the role.
const (
	RelationSubject          Relation = "subject" // whom the change is about
	RelationManager          Relation = "manager"
	RelationAdmin            Relation = "admin"
	RelationApplicant        Relation = "applicant" // of the request
	RelationExecutor         Relation = "executor"
	RelationPreviousExecutor Relation = "previous_executor" // from whom it was taken
)

// Knower is one who must know of a change. Who caused it may be among them; the
// reader leaves out the actor.
type Knower struct {
	Person   string   `json:"person,omitempty"` // a user's id; empty: all of that relation
	Relation Relation `json:"relation"`
}
