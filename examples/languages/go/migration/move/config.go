// Package move is the cutover that moves the system to another region.
package move

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"
	payments "github.com/cdk-multi-region-payments/cdk-multi-region-payments-go/cdkmultiregionpayments"

	"payments-app/system"
)

// Config says how the system is moved: everything a team changes before it deploys, beside the system's own configuration.
type Config struct {
	System    system.Config
	Source    string
	Target    string
	Approvers Approvers
	// Phases are shares of the target, phase by phase.
	Phases []float64
	Times  Times
}

// Approvers says who approves.
type Approvers struct {
	// Issuer of their ID tokens, and our client there.
	Issuer   string
	ClientId string
	// People are asked by mail and decide, each by the address that the issuer has verified.
	People []string
	// Required says how many of them must approve. Whoever starts the cutover does not count.
	Required float64
}

// Times says how long everything takes. Nothing is left out when it is shorter.
type Times struct {
	// RecordTtl is how long resolvers may keep the public name's answer, and TtlLead how long that TTL must have been in force before
	// traffic moves.
	RecordTtl awscdk.Duration
	TtlLead   awscdk.Duration
	// LagMinutes are minutes in a row in which the replication must have been as fast as Lag.
	LagMinutes float64
	Lag        awscdk.Duration
	// Soak is how long each phase is watched, and SoakCheckEvery how often.
	Soak           awscdk.Duration
	SoakCheckEvery awscdk.Duration
	// Approval is how long people have for an approval; then: how often they are reminded, and when it goes further up.
	Approval      awscdk.Duration
	ReminderEvery awscdk.Duration
	EscalateAfter awscdk.Duration
	// StuckAfter is when a forgotten approval raises its alarm, and StuckCheckEvery how often that is looked at.
	StuckAfter      awscdk.Duration
	StuckCheckEvery awscdk.Duration
	// Reconciliation is the comparison of the regions afterwards: for how long, how often, and how old a difference must be to count.
	Reconciliation payments.ReconciliationWindow
	// DocumentsParityAge is how old the backfill's comparison of the documents may be at each check, where the system has documents.
	DocumentsParityAge awscdk.Duration
	// ControlPlaneLoss says what to do while Route 53 takes no changes: for how long to try again, and how often.
	ControlPlaneLoss payments.ControlPlaneLoss
}

// Pace is that of a migration over a week, or the same one over some minutes to try it.
type Pace string

const (
	Full      Pace = "FULL"
	Rehearsal Pace = "REHEARSAL"
)

func seconds(count float64) awscdk.Duration { return awscdk.Duration_Seconds(&count) }
func minutes(count float64) awscdk.Duration { return awscdk.Duration_Minutes(&count) }
func hours(count float64) awscdk.Duration   { return awscdk.Duration_Hours(&count) }

func timesOf(pace Pace) Times {
	if pace == Full {
		return Times{
			RecordTtl:          seconds(5),
			TtlLead:            hours(24),
			LagMinutes:         5,
			Lag:                awscdk.Duration_Millis(jsii.Number(500)),
			Soak:               minutes(30),
			SoakCheckEvery:     minutes(1),
			Approval:           hours(24),
			ReminderEvery:      hours(4),
			EscalateAfter:      hours(12),
			StuckAfter:         hours(4),
			StuckCheckEvery:    minutes(5),
			Reconciliation:     payments.ReconciliationWindow{Length: hours(72), Every: minutes(15), Settle: minutes(5)},
			DocumentsParityAge: hours(24),
			ControlPlaneLoss:   payments.ControlPlaneLoss{Patience: hours(2), Every: minutes(5)},
		}
	}
	// Replication in a rehearsal shares a machine with everything else.
	return Times{
		RecordTtl:          seconds(5),
		TtlLead:            seconds(5),
		LagMinutes:         2,
		Lag:                seconds(5),
		Soak:               seconds(10),
		SoakCheckEvery:     seconds(2),
		Approval:           minutes(15),
		ReminderEvery:      minutes(1),
		EscalateAfter:      minutes(5),
		StuckAfter:         minutes(2),
		StuckCheckEvery:    minutes(1),
		Reconciliation:     payments.ReconciliationWindow{Length: seconds(20), Every: seconds(10), Settle: seconds(10)},
		DocumentsParityAge: minutes(30),
		ControlPlaneLoss:   payments.ControlPlaneLoss{Patience: seconds(60), Every: seconds(5)},
	}
}

// From where to where, unless other regions are asked for; the first one has the traffic.
const places = "us-east-1,eu-central-1"

// Of a STRONG ledger in these places: near the source, which has all the writes at first.
const strongWitness = "us-east-2"

// RegionsOf says where the system is, by the CDK context values `replicas`, of which the first is left for the second, and `witness`.
func RegionsOf(mode system.Mode, replicas, witness any) (payments.PaymentRegions, error) {
	asked := replicas
	if asked == nil {
		asked = places
	}
	if mode == system.Strong {
		if replicas == nil && witness == nil {
			witness = strongWitness
		}
		return system.RegionsOf(mode, asked, witness, nil)
	}
	regions, err := system.RegionsOf(mode, asked, witness, nil)
	if err != nil {
		return nil, err
	}
	// Every account is at home in the source, until the cutover moves the authority over them.
	return payments.PaymentRegions_HomeRegion(&payments.HomeRegionsProps{
		Replicas: regions.Replicas(),
		Homes:    payments.AccountHomes_OneRegion(jsii.String(system.Names(regions.Replicas())[0])),
	}), nil
}

// ConfigOf is the migration at a pace.
func ConfigOf(pace Pace, mode system.Mode, regions payments.PaymentRegions, parts system.Parts) Config {
	config := system.ConfigOf(mode, system.Rules, regions, parts)
	config.Domain.Records = payments.PublicNameRecords_CUTOVER
	// While the system is moved, no region is drilled.
	config.Parts.Drill = nil
	replicas := system.Names(regions.Replicas())
	return Config{
		System: config,
		Source: replicas[0],
		Target: replicas[1],
		Approvers: Approvers{
			Issuer:   "https://login.example.com",
			ClientId: "payments-approvals",
			People:   []string{"ada@example.com", "grace@example.com", "katherine@example.com"},
			Required: 1,
		},
		Phases: []float64{10, 25, 50, 90, 100},
		Times:  timesOf(pace),
	}
}

// Standard is the migration as it is without another pace or mode asked for.
func Standard() Config {
	regions, err := RegionsOf(system.HomeRegion, nil, nil)
	if err != nil {
		panic(err)
	}
	return ConfigOf(Full, system.HomeRegion, regions, system.AllParts)
}

// PaceOf has the pace asked for with `--context pace=...`.
func PaceOf(asked any) (Pace, error) {
	return system.OneOf("pace", asked, Full, Rehearsal)
}
