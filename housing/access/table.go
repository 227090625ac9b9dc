package access

// Action is a permission. Every operation of api/openapi.yaml names its own as
// x-permission; "public" there means that nobody is asked.
type Action string

// Public is the x-permission of operations that need no token.
const Public Action = "public"

// The actions. "Own" of each is what the comment says.
const (
	// Machines only: no role has them.
	AuthTelegram  Action = "auth.telegram"  // log a Telegram person in
	UsersRegister Action = "users.register" // register a Telegram person

	SessionsView   Action = "sessions.view"   // own: one's own logins
	SessionsRevoke Action = "sessions.revoke" // own: one's own logins
	RoleSwitch     Action = "role.switch"     // own: one's own active role
	KeysManage     Action = "keys.manage"     // API keys

	CompanyView Action = "company.view"
	CompanyEdit Action = "company.edit"

	UsersView         Action = "users.view"         // own: oneself
	UsersSearch       Action = "users.search"       // lists of people
	UsersCreate       Action = "users.create"       // a resident who phones
	UsersEdit         Action = "users.edit"         // own: oneself
	UsersApprove      Action = "users.approve"      //
	UsersBlock        Action = "users.block"        //
	UsersRoles        Action = "users.roles"        // roles and specialisations
	ExecutorsView     Action = "executors.view"     // who can do what, and how busy they are
	InvitationsUse    Action = "invitations.use"    // own: for oneself
	InvitationsManage Action = "invitations.manage" // a manager invites residents and executors only

	ApartmentsView     Action = "apartments.view"     // own: one's own links
	ApartmentsLink     Action = "apartments.link"     // own: for oneself; counts once approved
	ApartmentsModerate Action = "apartments.moderate" //

	BuildingsView   Action = "buildings.view"
	BuildingsEdit   Action = "buildings.edit"
	BuildingsImport Action = "buildings.import"

	RequestsCreate  Action = "requests.create"  // own: for oneself and an apartment of one's own
	RequestsView    Action = "requests.view"    // own: applicant; executor: given to them, or free and in their specialisation
	RequestsEdit    Action = "requests.edit"    // own: applicant, while new
	RequestsAssign  Action = "requests.assign"  //
	RequestsTake    Action = "requests.take"    // own: free and in one's specialisation
	RequestsWork    Action = "requests.work"    // own: given to them (purchase, clarify, resume, complete)
	RequestsAnswer  Action = "requests.answer"  // own: applicant
	RequestsConfirm Action = "requests.confirm" // and rework
	RequestsAccept  Action = "requests.accept"  // own: applicant (with stars); any: after a time, with a comment
	RequestsReturn  Action = "requests.return"  // own: applicant
	RequestsCancel  Action = "requests.cancel"  // own: applicant
	RequestsComment Action = "requests.comment" // own: as RequestsView
	RequestsInside  Action = "requests.inside"  // internal comments. own: as RequestsView
	FilesAdd        Action = "files.add"        // own: as RequestsView
	FilesDelete     Action = "files.delete"     // own: uploaded by oneself
	ReportsView     Action = "reports.view"     // statistics. own: an executor's about themselves
	ReportsExport   Action = "reports.export"   //

	ShiftsView     Action = "shifts.view"     // own: one's own and free ones
	ShiftsPlan     Action = "shifts.plan"     // plan, edit, cancel, plan a week
	ShiftsWork     Action = "shifts.work"     // own: open and close one's own; take a free one; release
	ShiftsHandover Action = "shifts.handover" // own: offer one's own, answer what was offered to one
	ScheduleView   Action = "schedule.view"   // own: one's usual week and absences
	ScheduleEdit   Action = "schedule.edit"   // own: as above
)

// Table is who may do what. What is not here is forbidden.
var Table = map[Action]map[Role]Reach{
	AuthTelegram:  {},
	UsersRegister: {},

	SessionsView:   {Applicant: Own, Executor: Own, Manager: Own, Admin: Any},
	SessionsRevoke: {Applicant: Own, Executor: Own, Manager: Own, Admin: Any},
	RoleSwitch:     {Applicant: Own, Executor: Own, Manager: Own, Admin: Own},
	KeysManage:     {Admin: Any},

	CompanyView: {Applicant: Any, Executor: Any, Manager: Any, Admin: Any},
	CompanyEdit: {Admin: Any},

	UsersView:         {Applicant: Own, Executor: Own, Manager: Any, Admin: Any},
	UsersSearch:       {Manager: Any, Admin: Any},
	UsersCreate:       {Manager: Any, Admin: Any},
	UsersEdit:         {Applicant: Own, Executor: Own, Manager: Own, Admin: Any},
	UsersApprove:      {Manager: Any, Admin: Any},
	UsersBlock:        {Admin: Any},
	UsersRoles:        {Admin: Any},
	ExecutorsView:     {Executor: Any, Manager: Any, Admin: Any},
	InvitationsUse:    {Applicant: Own, Executor: Own, Manager: Own, Admin: Own},
	InvitationsManage: {Manager: Any, Admin: Any},

	ApartmentsView:     {Applicant: Own, Executor: Own, Manager: Any, Admin: Any},
	ApartmentsLink:     {Applicant: Own, Executor: Own, Manager: Any, Admin: Any},
	ApartmentsModerate: {Manager: Any, Admin: Any},

	BuildingsView:   {Applicant: Any, Executor: Any, Manager: Any, Admin: Any},
	BuildingsEdit:   {Manager: Any, Admin: Any},
	BuildingsImport: {Admin: Any},

	RequestsCreate:  {Applicant: Own, Executor: Own, Manager: Any, Admin: Any},
	RequestsView:    {Applicant: Own, Executor: Own, Manager: Any, Admin: Any},
	RequestsEdit:    {Applicant: Own, Manager: Any, Admin: Any},
	RequestsAssign:  {Manager: Any, Admin: Any},
	RequestsTake:    {Executor: Own},
	RequestsWork:    {Executor: Own, Manager: Any, Admin: Any},
	RequestsAnswer:  {Applicant: Own, Manager: Any, Admin: Any},
	RequestsConfirm: {Manager: Any, Admin: Any},
	RequestsAccept:  {Applicant: Own, Manager: Any, Admin: Any},
	RequestsReturn:  {Applicant: Own},
	RequestsCancel:  {Applicant: Own, Manager: Any, Admin: Any},
	RequestsComment: {Applicant: Own, Executor: Own, Manager: Any, Admin: Any},
	RequestsInside:  {Executor: Own, Manager: Any, Admin: Any},
	FilesAdd:        {Applicant: Own, Executor: Own, Manager: Any, Admin: Any},
	FilesDelete:     {Applicant: Own, Executor: Own, Manager: Any, Admin: Any},
	ReportsView:     {Executor: Own, Manager: Any, Admin: Any},
	ReportsExport:   {Manager: Any, Admin: Any},

	ShiftsView:     {Executor: Own, Manager: Any, Admin: Any},
	ShiftsPlan:     {Manager: Any, Admin: Any},
	ShiftsWork:     {Executor: Own, Manager: Any, Admin: Any},
	ShiftsHandover: {Executor: Own, Manager: Any, Admin: Any},
	ScheduleView:   {Executor: Own, Manager: Any, Admin: Any},
	ScheduleEdit:   {Executor: Own, Manager: Any, Admin: Any},
}
