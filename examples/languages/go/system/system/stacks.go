package system

import (
	"slices"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscertificatemanager"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsroute53"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssecretsmanager"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
	payments "github.com/cdk-multi-region-payments/cdk-multi-region-payments-go/cdkmultiregionpayments"
)

// Beside is what stands beside the system and is to be seen on its dashboard; nil for what there is not.
type Beside struct {
	Approvals *[]*payments.DashboardApprovals
	Cutover   *payments.DashboardCutover
}

// RegionStack is what takes payments in one region, and tells of them. It refers to no other stack, so it deploys while another region is
// down.
type RegionStack struct {
	Stack  awscdk.Stack
	Region string
	Api    payments.ActiveActivePaymentsApi
	Mesh   payments.CrossRegionEventMesh
}

// Define makes all stacks - keys, then the tables and the mesh, then the regions - and returns those of the regions.
func Define(app constructs.Construct, config Config, beside Beside) []RegionStack {
	name, replicas := config.SystemName, Names(config.Regions.Replicas())
	keys := []awscdk.Stack{}
	for _, region := range replicas {
		key := NewStack(app, name+"-key-"+region, config, region)
		// First of all: the table is encrypted with it from the start.
		payments.NewLedgerKey(key, jsii.String("LedgerKey"), &payments.LedgerKeyProps{SystemName: &name, Regions: config.Regions})
		keys = append(keys, key)
	}
	tables := defineTables(app, config)
	for _, key := range keys {
		tables[0].AddStackDependency(key, nil)
	}
	meshes := []payments.CrossRegionEventMesh{}
	for _, region := range replicas {
		// By itself: a team's own events can use it too.
		stack := NewStack(app, name+"-mesh-"+region, config, region)
		meshes = append(meshes, payments.NewCrossRegionEventMesh(stack, jsii.String("Mesh"), &payments.CrossRegionEventMeshProps{
			SystemName: &name,
			Regions:    config.Regions.Replicas(),
			Transport:  config.Transport,
		}))
	}
	alarmed := []placed{}
	for index, region := range replicas {
		alarmed = append(alarmed, placed{awscdk.Stack_Of(meshes[index]), region})
	}
	if config.Parts.Edge != nil {
		alarmed = append(alarmed, placed{defineEdge(app, config), "us-east-1"})
	}
	if config.Parts.Documents {
		alarmed = append(alarmed, defineDocuments(app, config)...)
	}
	regions := []RegionStack{}
	for index, region := range replicas {
		stack := NewStack(app, name+"-"+region, config, region)
		regions = append(regions, defineRegion(stack, region, config, meshes[index], beside))
		for _, table := range tables {
			stack.AddStackDependency(table, nil)
		}
		stack.AddStackDependency(awscdk.Stack_Of(meshes[index]), nil)
		alarmed = append(alarmed, placed{stack, region})
	}
	sendAllAlarms(app, config, alarmed)
	return regions
}

// The ledger's table of all regions, made from one of them; and where one region is home, the table that says which.
func defineTables(app constructs.Construct, config Config) []awscdk.Stack {
	name := config.SystemName
	tags := &map[string]*string{"system": &name}
	ledger := NewStack(app, name+"-ledger", config, config.LedgerRegion)
	payments.NewIdempotentLedgerTable(ledger, jsii.String("Ledger"), &payments.IdempotentLedgerTableProps{
		SystemName: &name,
		Regions:    config.Regions,
		Tags:       tags,
	})
	authorityRegions := config.Regions.Authority()
	if authorityRegions == nil {
		return []awscdk.Stack{ledger}
	}
	authority := NewStack(app, name+"-authority", config, Names(authorityRegions.Replicas)[0])
	payments.NewHomeAuthorityTable(authority, jsii.String("Authority"), &payments.HomeAuthorityTableProps{
		SystemName: &name,
		Regions:    config.Regions,
		Tags:       tags,
	})
	return []awscdk.Stack{ledger, authority}
}

// What browsers ask: in us-east-1, as CloudFront wants it, and by itself. It finds the buckets and the API by their names.
func defineEdge(app constructs.Construct, config Config) awscdk.Stack {
	stack := NewStack(app, config.SystemName+"-edge", config, "us-east-1")
	hostedZone := Zone(stack, config.Domain)
	payments.NewPaymentsEdge(stack, jsii.String("Edge"), &payments.PaymentsEdgeProps{
		SystemName: &config.SystemName,
		Regions:    config.Regions.Replicas(),
		ApiName:    &config.Domain.Name,
		Domain: &payments.EdgeDomainProps{
			Name:        &config.Parts.Edge.Name,
			HostedZone:  hostedZone,
			Certificate: certificate(stack, config.Parts.Edge.Name, hostedZone),
		},
	})
	return stack
}

// Each region's documents. By themselves: the first region's stack sets the rules for all, and so comes after the others.
func defineDocuments(app constructs.Construct, config Config) []placed {
	replicas := Names(config.Regions.Replicas())
	// The rules stay in one stack, whatever regions are added and in whatever order they stand.
	others := slices.DeleteFunc(slices.Clone(replicas), func(region string) bool { return region == config.LedgerRegion })
	regions := append([]string{config.LedgerRegion}, others...)
	stacks := []placed{}
	for _, region := range replicas {
		stack := NewStack(app, config.SystemName+"-documents-"+region, config, region)
		payments.NewReplicatedDocuments(stack, jsii.String("Documents"), &payments.ReplicatedDocumentsProps{
			SystemName: &config.SystemName,
			Regions:    jsii.Strings(regions...),
		})
		stacks = append(stacks, placed{stack, region})
	}
	return stacks
}

func defineRegion(stack awscdk.Stack, region string, config Config, mesh payments.CrossRegionEventMesh, beside Beside) RegionStack {
	synthetic := []string{}
	if config.Parts.Canary != nil {
		synthetic = append(synthetic, config.Parts.Canary.Tenant)
	}
	ledger := payments.LedgerReplica_Of(stack, &config.SystemName, config.Regions, &payments.LedgerReplicaOptions{
		SyntheticTenants: jsii.Strings(synthetic...),
	})
	api := defineApi(stack, config, ledger)
	outbox := payments.NewLedgerOutbox(stack, jsii.String("Outbox"), &payments.LedgerOutboxProps{Ledger: ledger, Mesh: mesh})
	recorder := NewRecorder(stack, "Recorder", mesh)
	if edge := config.Parts.Edge; edge != nil {
		payments.NewReplicatedSite(stack, jsii.String("Site"), &payments.ReplicatedSiteProps{
			SystemName: &config.SystemName,
			Regions:    config.Regions.Replicas(),
			Folder:     &edge.Folder,
		})
	}
	canary := defineCanary(stack, config, api)
	if config.Parts.Dashboard {
		payments.NewPaymentsDashboard(stack, jsii.String("Operations"), &payments.PaymentsDashboardProps{
			Api:       api,
			Mesh:      mesh,
			Outbox:    outbox,
			Consumers: &[]payments.IdempotentConsumer{recorder},
			Canary:    canary,
			Approvals: beside.Approvals,
			Cutover:   beside.Cutover,
		})
	}
	for drilled, from := range config.DrilledFrom {
		if config.Parts.Drill != nil && from == region {
			defineDrill(placed{stack, region}, config, drilled, api, mesh)
		}
		if mayFault(config) && drilled == region {
			payments.NewRegionFault(stack, jsii.String("Fault"), &payments.RegionFaultProps{Api: api, Mesh: mesh})
		}
	}
	return RegionStack{Stack: stack, Region: region, Api: api, Mesh: mesh}
}

func defineApi(stack awscdk.Stack, config Config, ledger payments.LedgerReplica) payments.ActiveActivePaymentsApi {
	hostedZone := Zone(stack, config.Domain)
	return payments.NewActiveActivePaymentsApi(stack, jsii.String("Api"), &payments.ActiveActivePaymentsApiProps{
		Ledger: ledger,
		Authorization: payments.PaymentsAuthorization_Jwt(&payments.JwtAuthorizationProps{
			Issuer:      &config.Callers.Issuer,
			Audience:    jsii.Strings(config.Callers.Audience...),
			TenantClaim: &config.Callers.TenantClaim,
		}),
		Domain: &payments.PaymentsDomainProps{
			Name:        &config.Domain.Name,
			HostedZone:  hostedZone,
			Records:     config.Domain.Records,
			Certificate: certificate(stack, config.Domain.Name, hostedZone),
		},
	})
}

// The secret holds the canaries' OAuth client: see docs/canary.md. Nil where the system has none.
func defineCanary(stack awscdk.Stack, config Config, api payments.ActiveActivePaymentsApi) payments.PaymentsCanary {
	canary := config.Parts.Canary
	if canary == nil {
		return nil
	}
	secret := awssecretsmanager.Secret_FromSecretNameV2(stack, jsii.String("CanaryClient"), jsii.String(config.SystemName+"/canary-client"))
	return payments.NewPaymentsCanary(stack, jsii.String("Canary"), &payments.PaymentsCanaryProps{
		Api:        api,
		Tenant:     &canary.Tenant,
		PublicName: &config.Domain.Name,
		Client:     &payments.CanaryClientProps{TokenUrl: &canary.TokenUrl, ClientSecret: secret},
	})
}

// The secret holds the prober's OAuth client: see docs/drill.md.
func defineDrill(in placed, config Config, drilled string, api payments.ActiveActivePaymentsApi, mesh payments.CrossRegionEventMesh) {
	secret := awssecretsmanager.Secret_FromSecretNameV2(in.stack, jsii.String("DrillClient"), jsii.String(config.SystemName+"/drill-client"))
	kind := payments.RegionDrillKind_DRAIN
	if config.Parts.Drill.Faults == FaultsBySchedule {
		kind = payments.RegionDrillKind_FAULT
	}
	payments.NewRegionDrill(in.stack, jsii.String("Drill"), &payments.RegionDrillProps{
		Api:        api,
		Mesh:       mesh,
		Region:     &drilled,
		Kind:       kind,
		Faults:     jsii.Bool(mayFault(config)),
		PublicName: &config.Domain.Name,
		ZoneName:   &config.Domain.ZoneName,
		Prober:     &payments.DrillProberProps{TokenUrl: &config.Parts.Drill.TokenUrl, ClientSecret: secret},
		Topic:      alarmTopic(in, config),
	})
}

// Whether a region may be drilled by an experiment that makes its functions fail.
func mayFault(config Config) bool {
	drill := config.Parts.Drill
	return drill != nil && (drill.Faults == FaultsByHand || drill.Faults == FaultsBySchedule)
}

// NewStack makes a stack in a region.
func NewStack(scope constructs.Construct, id string, config Config, region string) awscdk.Stack {
	env := &awscdk.Environment{Region: &region}
	if config.Account != "" {
		env.Account = &config.Account
	}
	return awscdk.NewStack(scope, &id, &awscdk.StackProps{Env: env})
}

// Zone is the hosted zone of the public name, as a stack refers to it.
func Zone(scope constructs.Construct, domain Domain) awsroute53.IHostedZone {
	return awsroute53.HostedZone_FromHostedZoneAttributes(scope, jsii.String("Zone"), &awsroute53.HostedZoneAttributes{
		HostedZoneId: &domain.HostedZoneId,
		ZoneName:     &domain.ZoneName,
	})
}

func certificate(scope constructs.Construct, name string, hostedZone awsroute53.IHostedZone) awscertificatemanager.Certificate {
	return awscertificatemanager.NewCertificate(scope, jsii.String("Certificate"), &awscertificatemanager.CertificateProps{
		DomainName: &name,
		Validation: awscertificatemanager.CertificateValidation_FromDns(hostedZone),
	})
}
