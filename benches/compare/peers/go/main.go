// go-webauthn on net/http: peer PORT, with GOMAXPROCS as the number of cores.
package main

import (
	"encoding/json"
	"log"
	"net/http"
	"os"
	"sync"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"
)

type user struct {
	ID          string `json:"user_id"`
	Name        string `json:"username"`
	DisplayName string `json:"display_name"`
}

func (u *user) WebAuthnID() []byte                         { return []byte(u.ID) }
func (u *user) WebAuthnName() string                       { return u.Name }
func (u *user) WebAuthnDisplayName() string                { return u.DisplayName }
func (u *user) WebAuthnCredentials() []webauthn.Credential { return nil }

func main() {
	relyingParty, err := webauthn.New(&webauthn.Config{
		RPID:          "load.example",
		RPDisplayName: "Load",
		RPOrigins:     []string{"https://load.example"},
		AuthenticatorSelection: protocol.AuthenticatorSelection{
			ResidentKey:      protocol.ResidentKeyRequirementRequired,
			UserVerification: protocol.VerificationPreferred,
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	var mutex sync.Mutex
	pending := map[string]*webauthn.SessionData{}
	http.HandleFunc("POST /{tenant}/registration/initialize", func(answer http.ResponseWriter, request *http.Request) {
		var u user
		if err := json.NewDecoder(request.Body).Decode(&u); err != nil {
			http.Error(answer, err.Error(), http.StatusBadRequest)
			return
		}
		options, session, err := relyingParty.BeginRegistration(&u)
		if err != nil {
			http.Error(answer, err.Error(), http.StatusInternalServerError)
			return
		}
		mutex.Lock()
		pending[u.ID] = session
		mutex.Unlock()
		answer.Header().Set("Content-Type", "application/json")
		json.NewEncoder(answer).Encode(options)
	})
	log.Fatal(http.ListenAndServe("127.0.0.1:"+os.Args[1], nil))
}
