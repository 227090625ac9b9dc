package simulator

import (
	"encoding/json"
	"net/http"
	"strconv"
)

// Inspect serves the page of phones at /simulator, and what a human or a script
// wants to know, as JSON. It has no login: mount it on a loopback address only.
// Fiber's adaptor carries it too: app.All("/simulator*", adaptor.HTTPHandler(…)).
//
//	GET    /simulator                  the page
//	GET    /simulator/chats            every chat of every bot
//	GET    /simulator/messages?chat=7  a chat, newest last; without chat: all
//	POST   /simulator/faults           add a Fault
//	DELETE /simulator/faults           clear them
//	       /simulator/api/…            what the page lives on
func (s *Server) Inspect() http.Handler {
	mux := http.NewServeMux()
	pages(mux)
	mux.HandleFunc("GET /simulator/chats", func(w http.ResponseWriter, _ *http.Request) {
		show(w, http.StatusOK, s.Chats())
	})
	mux.HandleFunc("GET /simulator/messages", s.showMessages)
	mux.HandleFunc("POST /simulator/faults", s.addFault)
	mux.HandleFunc("DELETE /simulator/faults", func(w http.ResponseWriter, _ *http.Request) {
		s.ClearFaults()
		w.WriteHeader(http.StatusNoContent)
	})
	mux.HandleFunc("GET /simulator/api/live", s.serveLive)
	mux.HandleFunc("GET /simulator/api/file", s.serveBytes)
	mux.HandleFunc("POST /simulator/api/act", s.serveAct)
	mux.HandleFunc("POST /simulator/api/upload", s.serveUpload)
	return guard(mux)
}

func (s *Server) showMessages(w http.ResponseWriter, r *http.Request) {
	chat := int64(0)
	if text := r.URL.Query().Get("chat"); text != "" {
		var err error
		if chat, err = strconv.ParseInt(text, 10, 64); err != nil {
			show(w, http.StatusBadRequest, problem{"chat must be a number"})
			return
		}
	}
	all := s.Messages(chat)
	if all == nil {
		all = []Message{}
	}
	show(w, http.StatusOK, all)
}

func (s *Server) addFault(w http.ResponseWriter, r *http.Request) {
	var f Fault
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<16))
	d.DisallowUnknownFields()
	err := d.Decode(&f)
	if err == nil {
		err = s.SetFault(f)
	}
	if err != nil {
		show(w, http.StatusBadRequest, problem{err.Error()})
		return
	}
	show(w, http.StatusCreated, f)
}

// problem says why a request was refused.
type problem struct {
	Error string `json:"error"`
}

func show(w http.ResponseWriter, status int, what any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	_ = e.Encode(what) // a client that hung up is its own affair
}
