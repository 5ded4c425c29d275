import type { ApiEndpoint, FabricResource } from '../ground/model';

/** The REST API stages that the app deployed, from its Stage, DomainName and BasePathMapping resources with resolved properties. */
export function apiEndpoints(resources: readonly FabricResource[]): ApiEndpoint[] {
  const domainNames = new Map(
    resources
      .filter((resource) => resource.type === 'AWS::ApiGateway::DomainName')
      .map((resource) => [`${resource.stack}/${resource.logicalId}`, String(resource.properties.DomainName).toLowerCase()]),
  );
  const mappings = resources.filter((resource) => resource.type === 'AWS::ApiGateway::BasePathMapping');
  return resources
    .filter((resource) => resource.type === 'AWS::ApiGateway::Stage' && typeof resource.properties.RestApiId === 'string')
    .map((resource) => {
      const apiId: string = resource.properties.RestApiId;
      const stage = String(resource.properties.StageName);
      const domains = mappings
        .filter(
          (mapping) =>
            mapping.region === resource.region && mapping.properties.RestApiId === apiId && (mapping.properties.Stage ?? stage) === stage,
        )
        .map((mapping) => ({ name: domainOf(mapping, domainNames), basePath: basePathOf(mapping.properties.BasePath) }));
      return { region: resource.region, apiId, stage, domains };
    });
}

function domainOf(mapping: FabricResource, domainNames: ReadonlyMap<string, string>): string {
  const given = mapping.properties.DomainName;
  if (typeof given === 'string') return given.toLowerCase();
  return domainNames.get(`${mapping.stack}/${given?.Ref}`) ?? '';
}

function basePathOf(given: unknown): string {
  return given === undefined || given === '(none)'
    ? ''
    : String(given)
        .split('/')
        .filter((part) => part !== '')
        .join('/');
}

/** Path of the engine's gateway at which a request for `host` arrives in `region`; undefined: API Gateway would answer 403. */
export function enginePath(apis: readonly ApiEndpoint[], region: string, host: string, pathAndQuery: string): string | undefined {
  const here = apis.filter((api) => api.region === region);
  const ownApi = here.find((api) => host.startsWith(`${api.apiId}.execute-api.`));
  if (ownApi) return under(ownApi.stage, pathAndQuery) ? `/_aws/execute-api/${ownApi.apiId}${pathAndQuery}` : undefined;
  const mapped = here
    .flatMap((api) => api.domains.map((domain) => ({ api, domain })))
    .filter(({ domain }) => domain.name === host && under(domain.basePath, pathAndQuery))
    .sort((a, b) => b.domain.basePath.length - a.domain.basePath.length)[0];
  if (!mapped) return undefined;
  const rest = mapped.domain.basePath ? pathAndQuery.slice(mapped.domain.basePath.length + 1) : pathAndQuery;
  return `/_aws/execute-api/${mapped.api.apiId}/${mapped.api.stage}${rest.startsWith('/') ? rest : `/${rest}`}`;
}

function under(basePath: string, pathAndQuery: string): boolean {
  return basePath === '' || (pathAndQuery.startsWith(`/${basePath}`) && ['/', '?', ''].includes(pathAndQuery.charAt(basePath.length + 1)));
}
