// Package system has the stacks of the payments system, and everything a team changes before it deploys.
package system

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/aws/jsii-runtime-go"
	payments "github.com/cdk-multi-region-payments/cdk-multi-region-payments-go/cdkmultiregionpayments"
)

// Config is everything a team changes before it deploys, in one place.
type Config struct {
	// SystemName is the prefix of every name, the same in all regions.
	SystemName string
	// Account is the AWS account of all stacks; the credentials' own when empty.
	Account string
	Regions payments.PaymentRegions
	// LedgerRegion is the region whose stack makes the ledger's table: one of the replicas. It never changes, also when regions are added
	// or named in another order.
	LedgerRegion string
	// Transport says how events get from region to region.
	Transport payments.MeshTransport
	Domain    Domain
	Callers   Callers
	// Alarms says where every alarm goes.
	Alarms Alarms
	// DrilledFrom says, with Parts.Drill, which region is drilled, and the region that drills it. It stays when regions are added: give a
	// new one a row.
	DrilledFrom map[string]string
	Parts       Parts
}

// Domain is the public name of the API in all regions, and its public hosted zone: by ID and name, so that synthesis needs no credentials.
type Domain struct {
	Name         string
	HostedZoneId string
	ZoneName     string
	// Records says who owns the name's records; each region its own, by latency, when empty.
	Records payments.PublicNameRecords
}

// Callers says whose tokens are accepted, and which claim names the caller's tenant.
type Callers struct {
	Issuer      string
	Audience    []string
	TenantClaim string
}

// Alarms says where every alarm goes. By default to a topic in each region that has no subscription: until you give one, no person is told.
type Alarms struct {
	// Email is the address that gets each alarm by mail. It has to confirm the subscription of each region.
	Email string
	// TopicArns has the ARN of a topic of your own, by its region: no topic is made there. An alarm can only tell a topic of its own region. The
	// topic's policy must admit CloudWatch. So must its key, if it has one: alias/aws/sns does not, and cannot be made to.
	TopicArns map[string]string
}

// Parts is what stands around the payments. Each part can be left out.
type Parts struct {
	// Dashboard of the whole system in each region: one of CloudWatch's custom dashboards, billed as such.
	Dashboard bool
	// Canary: canaries in each region, which pay every five minutes. None when nil.
	Canary *Canary
	// Drill: drills of regions, four times a year. None when nil.
	Drill *Drill
	// Edge: CloudFront in front of the web app and the API: a bucket in each region, and a distribution by the name. None when nil.
	Edge *Edge
	// Documents such as statements: a bucket in each region, each copied to the others.
	Documents bool
}

// Canary has the token endpoint of the callers' issuer, where the canaries get their tokens, and the tenant that the issuer gives them: no
// business metric counts its payments, and no event tells of them.
type Canary struct {
	TokenUrl string
	Tenant   string
}

// Drill has the token endpoint of the callers' issuer, where the prober gets its tokens, and says whether drills may make the region's
// functions fail, too.
type Drill struct {
	TokenUrl string
	Faults   Faults
}

// Faults says which drills take their region away by an experiment of AWS FIS, and not by a drain: none, those that a person starts so, or
// those of the schedule too. By default none, for an experiment needs AWS's extension in each function of the API, drill or not: their
// starts take longer, and each reads a bucket every 20 seconds. With mode STRONG alone.
type Faults string

const (
	NoFaults         Faults = "NONE"
	FaultsByHand     Faults = "BY_HAND"
	FaultsBySchedule Faults = "BY_SCHEDULE"
)

// Edge has the public name of the web app, in the API's hosted zone, and the folder with the built web app, in the app's own.
type Edge struct {
	Name   string
	Folder string
}

// Mode says how the regions agree, and with that which regions there can be. It never changes after the first deployment.
type Mode string

const (
	Strong     Mode = "STRONG"
	HomeRegion Mode = "HOME_REGION"
)

// Transport says how events get from region to region: rules of our own, or an EventBridge global endpoint.
type Transport string

const (
	Rules          Transport = "RULES"
	GlobalEndpoint Transport = "GLOBAL_ENDPOINT"
)

// Near each other: a payment waits some 10 ms for the second region. Far from each other it waits an ocean's round trip.
var replicasOf = map[Mode][]string{
	Strong:     {"us-east-1", "us-west-2"},
	HomeRegion: {"us-east-1", "eu-central-1"},
}

const strongWitness = "us-east-2"

// AllParts are the parts where no others are asked for.
var AllParts = Parts{
	Dashboard: true,
	Canary:    &Canary{TokenUrl: "https://login.example.com/oauth2/token", Tenant: "canary"},
	Drill:     &Drill{TokenUrl: "https://login.example.com/oauth2/token", Faults: NoFaults},
	Edge:      &Edge{Name: "app.example.com", Folder: "site"},
	Documents: true,
}

// ConfigOf is the system in one mode, with one transport, in the given regions, with all parts or some.
func ConfigOf(mode Mode, transport Transport, regions payments.PaymentRegions, parts Parts) Config {
	replicas := Names(regions.Replicas())
	ledgerRegion := replicas[0]
	if slices.Contains(replicas, "us-east-1") {
		ledgerRegion = "us-east-1"
	}
	meshTransport := payments.MeshTransport_Rules()
	if transport == GlobalEndpoint {
		meshTransport = payments.MeshTransport_GlobalEndpoint(nil)
	}
	return Config{
		SystemName:   "acme-pay",
		Account:      os.Getenv("CDK_DEFAULT_ACCOUNT"),
		Regions:      regions,
		LedgerRegion: ledgerRegion,
		Transport:    meshTransport,
		Domain:       Domain{Name: "pay.example.com", HostedZoneId: "Z0123456789EXAMPLE00", ZoneName: "example.com"},
		Callers:      Callers{Issuer: "https://login.example.com", Audience: []string{"payments"}, TenantClaim: "tenant"},
		// Such as Alarms{Email: "on-call@example.com"}.
		Alarms:      Alarms{},
		DrilledFrom: eachFromTheOther(mode, replicas),
		Parts:       parts,
	}
}

// Standard is the system as it is without another mode asked for.
func Standard() Config {
	regions, err := RegionsOf(Strong, nil, nil, nil)
	if err != nil {
		panic(err)
	}
	return ConfigOf(Strong, Rules, regions, AllParts)
}

// RegionsOf says where the system is, by the CDK context values `replicas` (names with commas between them), `witness` and `authority`;
// each mode has its default.
func RegionsOf(mode Mode, replicas, witness, authority any) (payments.PaymentRegions, error) {
	names := replicasOf[mode]
	if replicas != nil {
		var err error
		if names, err = namesIn(replicas, "replicas"); err != nil {
			return nil, err
		}
	}
	if mode == Strong {
		name, err := witnessOf(witness)
		if err != nil {
			return nil, err
		}
		if replicas == nil && witness == nil {
			name = jsii.String(strongWitness)
		}
		return payments.PaymentRegions_Strong(&payments.StrongRegionsProps{Replicas: jsii.Strings(names...), Witness: name}), nil
	}
	if witness != nil {
		return nil, fmt.Errorf("context 'witness' is '%v' in mode HOME_REGION, which has none: leave it out, or give --context mode=STRONG", witness)
	}
	authorityRegions, err := authorityIn(authority)
	if err != nil {
		return nil, err
	}
	// Every tenant is at home in one of them, by hash at first.
	return payments.PaymentRegions_HomeRegion(&payments.HomeRegionsProps{
		Replicas:  jsii.Strings(names...),
		Homes:     payments.AccountHomes_ByTenant(nil),
		Authority: authorityRegions,
	}), nil
}

// Three regions of the table that says who is home, the witness last. They are final after the first deployment.
func authorityIn(authority any) (*payments.StrongRegionsProps, error) {
	if authority == nil {
		return nil, nil
	}
	names, err := namesIn(authority, "authority")
	if err != nil {
		return nil, err
	}
	if len(names) != 3 {
		return nil, fmt.Errorf("context 'authority' is '%v': give three regions, the witness last", authority)
	}
	return &payments.StrongRegionsProps{Replicas: jsii.Strings(names[:2]...), Witness: jsii.String(names[2])}, nil
}

func namesIn(value any, context string) ([]string, error) {
	text, isText := value.(string)
	names := strings.Split(text, ",")
	for index, name := range names {
		names[index] = strings.TrimSpace(name)
	}
	if !isText || slices.Contains(names, "") {
		return nil, fmt.Errorf("context '%s' is '%v': give names of regions with a comma between them, such as us-east-1,eu-central-1", context, value)
	}
	return names, nil
}

func witnessOf(witness any) (*string, error) {
	if witness == nil {
		return nil, nil
	}
	if name, isText := witness.(string); isText && name != "" {
		return &name, nil
	}
	return nil, fmt.Errorf("context 'witness' is '%v': give the name of a region, or leave it out for three replicas", witness)
}

// The first two regions of a mode, each drilled from the other one.
func eachFromTheOther(mode Mode, replicas []string) map[string]string {
	known := replicasOf[mode]
	for _, name := range known {
		if !slices.Contains(replicas, name) {
			known = replicas
			break
		}
	}
	return map[string]string{known[0]: known[1], known[1]: known[0]}
}

// PartsOf has the parts asked for with `--context only=...` (names with commas between them, `none` for no part); all when it is not given.
func PartsOf(only any) (Parts, error) {
	if only == nil {
		return AllParts, nil
	}
	known := []string{"dashboard", "edge", "documents", "canary", "drill"}
	asked := strings.Split(fmt.Sprint(only), ",")
	for index, name := range asked {
		asked[index] = strings.TrimSpace(name)
		if asked[index] != "none" && !slices.Contains(known, asked[index]) {
			return Parts{}, fmt.Errorf("context 'only' has '%s': give some of %s with commas between them, or none", asked[index], strings.Join(known, ", "))
		}
	}
	parts := Parts{Dashboard: slices.Contains(asked, "dashboard"), Documents: slices.Contains(asked, "documents")}
	if slices.Contains(asked, "edge") {
		parts.Edge = AllParts.Edge
	}
	if slices.Contains(asked, "canary") {
		parts.Canary = AllParts.Canary
	}
	if slices.Contains(asked, "drill") {
		parts.Drill = AllParts.Drill
	}
	return parts, nil
}

// WithFaults has the parts with drills by faults, where they are asked for.
func (parts Parts) WithFaults(faults Faults) (Parts, error) {
	if faults == NoFaults {
		return parts, nil
	}
	if parts.Drill == nil {
		return parts, fmt.Errorf("context 'faults' is '%s' without drills: give drill in 'only' too, or leave 'faults' out", faults)
	}
	parts.Drill = &Drill{TokenUrl: parts.Drill.TokenUrl, Faults: faults}
	return parts, nil
}

// FaultsOf has the faults asked for with `--context faults=...`.
func FaultsOf(asked any) (Faults, error) {
	return OneOf("faults", asked, NoFaults, FaultsByHand, FaultsBySchedule)
}

// ModeOf has the mode asked for with `--context mode=...`.
func ModeOf(asked any) (Mode, error) {
	return OneOf("mode", asked, Strong, HomeRegion)
}

// TransportOf has the transport asked for with `--context transport=...`.
func TransportOf(asked any) (Transport, error) {
	return OneOf("transport", asked, Rules, GlobalEndpoint)
}

// OneOf reads a context value that names one of a few; the first when it is not given.
func OneOf[T ~string](context string, asked any, first T, others ...T) (T, error) {
	if asked == nil {
		return first, nil
	}
	names := []string{string(first)}
	for _, other := range others {
		names = append(names, string(other))
	}
	if name, isText := asked.(string); isText && slices.Contains(names, name) {
		return T(name), nil
	}
	return first, fmt.Errorf("context '%s' is '%v': give %s, or leave it out for %s", context, asked, strings.Join(names, " or "), first)
}

// Names are the texts that jsii has as pointers.
func Names(pointers *[]*string) []string {
	names := []string{}
	for _, pointer := range *pointers {
		names = append(names, *pointer)
	}
	return names
}
