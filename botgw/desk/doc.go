// Package desk is where a person finds their way: commands, the main menu,
// help, language, role and settings, and the screens that belong to no single
// request: figures, shifts, people and failed webhooks.
//
// A change of language or role is in the turn when it returns (Turn.Book,
// Turn.Person): who draws command lists draws them by that.
//
// Every screen is made from what the housing services say at that moment, and
// edited in place. A button says what is to be, not what is to change
// ("mute payments", not "toggle"): tapped twice, or delivered twice, it does the
// same. Who may do what is decided by the services; the desk only draws no
// button that would be refused.
package desk
