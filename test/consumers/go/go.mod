module payments-app

go 1.23

require (
	github.com/aws/aws-cdk-go/awscdk/v2 v@@CDK_VERSION@@
	github.com/aws/constructs-go/constructs/v10 v@@CONSTRUCTS_VERSION@@
	github.com/cdk-multi-region-payments/cdk-multi-region-payments-go/cdkmultiregionpayments v@@OUR_VERSION@@
)

replace github.com/cdk-multi-region-payments/cdk-multi-region-payments-go/cdkmultiregionpayments => @@DIST@@/go/cdkmultiregionpayments
