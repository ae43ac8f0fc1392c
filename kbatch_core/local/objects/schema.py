"""The fields of the objects that the local cluster takes, and their types: those of Kubernetes 1.36.

One line for a type: its fields, each with its type behind a colon, or a string. `[]T` is a list, `{}T` a map from
strings. What the local cluster only hands on (`any`: volumes of cloud providers, status) is not looked into.
"""

from __future__ import annotations

from functools import cache

_TYPES = """
Job: apiVersion kind metadata:ObjectMeta spec:JobSpec status:JobStatus
ObjectMeta: annotations:{}string creationTimestamp:Time deletionGracePeriodSeconds:int64 deletionTimestamp:Time
  finalizers:[]string generateName generation:int64 labels:{}string managedFields:[]any name namespace
  ownerReferences:[]OwnerReference resourceVersion selfLink uid
OwnerReference: apiVersion blockOwnerDeletion:bool controller:bool kind name uid
JobSpec: activeDeadlineSeconds:int64 backoffLimit:int32 backoffLimitPerIndex:int32 completionMode completions:int32
  managedBy manualSelector:bool maxFailedIndexes:int32 parallelism:int32 podFailurePolicy:PodFailurePolicy
  podReplacementPolicy selector:LabelSelector successPolicy:SuccessPolicy suspend:bool template:PodTemplateSpec
  ttlSecondsAfterFinished:int32
PodFailurePolicy: rules:[]PodFailurePolicyRule
PodFailurePolicyRule: action onExitCodes:PodFailurePolicyOnExitCodesRequirement
  onPodConditions:[]PodFailurePolicyOnPodConditionsPattern
PodFailurePolicyOnExitCodesRequirement: containerName operator values:[]int32
PodFailurePolicyOnPodConditionsPattern: status type
LabelSelector: matchExpressions:[]LabelSelectorRequirement matchLabels:{}string
LabelSelectorRequirement: key operator values:[]string
SuccessPolicy: rules:[]SuccessPolicyRule
SuccessPolicyRule: succeededCount:int32 succeededIndexes
PodTemplateSpec: metadata:ObjectMeta spec:PodSpec
PodSpec: activeDeadlineSeconds:int64 affinity:Affinity automountServiceAccountToken:bool containers:[]Container
  dnsConfig:PodDNSConfig dnsPolicy enableServiceLinks:bool ephemeralContainers:[]any hostAliases:[]HostAlias
  hostIPC:bool hostNetwork:bool hostPID:bool hostUsers:bool hostname hostnameOverride
  imagePullSecrets:[]LocalObjectReference initContainers:[]Container nodeName nodeSelector:{}string os:PodOS
  overhead:{}Quantity preemptionPolicy priority:int32 priorityClassName readinessGates:[]PodReadinessGate
  resourceClaims:[]PodResourceClaim resources:ResourceRequirements restartPolicy runtimeClassName schedulerName
  schedulingGates:[]PodSchedulingGate schedulingGroup:PodSchedulingGroup securityContext:PodSecurityContext
  serviceAccount serviceAccountName setHostnameAsFQDN:bool shareProcessNamespace:bool subdomain
  terminationGracePeriodSeconds:int64 tolerations:[]Toleration topologySpreadConstraints:[]TopologySpreadConstraint
  volumes:[]Volume
Affinity: nodeAffinity:NodeAffinity podAffinity:PodAffinity podAntiAffinity:PodAntiAffinity
NodeAffinity: preferredDuringSchedulingIgnoredDuringExecution:[]PreferredSchedulingTerm
  requiredDuringSchedulingIgnoredDuringExecution:NodeSelector
PreferredSchedulingTerm: preference:NodeSelectorTerm weight:int32
NodeSelectorTerm: matchExpressions:[]NodeSelectorRequirement matchFields:[]NodeSelectorRequirement
NodeSelectorRequirement: key operator values:[]string
NodeSelector: nodeSelectorTerms:[]NodeSelectorTerm
PodAffinity: preferredDuringSchedulingIgnoredDuringExecution:[]WeightedPodAffinityTerm
  requiredDuringSchedulingIgnoredDuringExecution:[]PodAffinityTerm
WeightedPodAffinityTerm: podAffinityTerm:PodAffinityTerm weight:int32
PodAffinityTerm: labelSelector:LabelSelector matchLabelKeys:[]string mismatchLabelKeys:[]string
  namespaceSelector:LabelSelector namespaces:[]string topologyKey
PodAntiAffinity: preferredDuringSchedulingIgnoredDuringExecution:[]WeightedPodAffinityTerm
  requiredDuringSchedulingIgnoredDuringExecution:[]PodAffinityTerm
Container: args:[]string command:[]string env:[]EnvVar envFrom:[]EnvFromSource image imagePullPolicy
  lifecycle:Lifecycle livenessProbe:Probe name ports:[]ContainerPort readinessProbe:Probe
  resizePolicy:[]ContainerResizePolicy resources:ResourceRequirements restartPolicy
  restartPolicyRules:[]ContainerRestartRule securityContext:SecurityContext startupProbe:Probe stdin:bool
  stdinOnce:bool terminationMessagePath terminationMessagePolicy tty:bool volumeDevices:[]VolumeDevice
  volumeMounts:[]VolumeMount workingDir
EnvVar: name value valueFrom:EnvVarSource
EnvVarSource: configMapKeyRef:ConfigMapKeySelector fieldRef:ObjectFieldSelector fileKeyRef:FileKeySelector
  resourceFieldRef:ResourceFieldSelector secretKeyRef:SecretKeySelector
ConfigMapKeySelector: key name optional:bool
ObjectFieldSelector: apiVersion fieldPath
FileKeySelector: key optional:bool path volumeName
ResourceFieldSelector: containerName divisor:Quantity resource
SecretKeySelector: key name optional:bool
EnvFromSource: configMapRef:ConfigMapEnvSource prefix secretRef:SecretEnvSource
ConfigMapEnvSource: name optional:bool
SecretEnvSource: name optional:bool
Lifecycle: postStart:LifecycleHandler preStop:LifecycleHandler stopSignal
LifecycleHandler: exec:ExecAction httpGet:HTTPGetAction sleep:SleepAction tcpSocket:TCPSocketAction
ExecAction: command:[]string
HTTPGetAction: host httpHeaders:[]HTTPHeader path port:IntOrString scheme
HTTPHeader: name value
SleepAction: seconds:int64
TCPSocketAction: host port:IntOrString
Probe: exec:ExecAction failureThreshold:int32 grpc:GRPCAction httpGet:HTTPGetAction initialDelaySeconds:int32
  periodSeconds:int32 successThreshold:int32 tcpSocket:TCPSocketAction terminationGracePeriodSeconds:int64
  timeoutSeconds:int32
GRPCAction: port:int32 service
ContainerPort: containerPort:int32 hostIP hostPort:int32 name protocol
ContainerResizePolicy: resourceName restartPolicy
ResourceRequirements: claims:[]ResourceClaim limits:{}Quantity requests:{}Quantity
ResourceClaim: name request
ContainerRestartRule: action exitCodes:ContainerRestartRuleOnExitCodes
ContainerRestartRuleOnExitCodes: operator values:[]int32
SecurityContext: allowPrivilegeEscalation:bool appArmorProfile:AppArmorProfile capabilities:Capabilities
  privileged:bool procMount readOnlyRootFilesystem:bool runAsGroup:int64 runAsNonRoot:bool runAsUser:int64
  seLinuxOptions:SELinuxOptions seccompProfile:SeccompProfile windowsOptions:any
AppArmorProfile: localhostProfile type
Capabilities: add:[]string drop:[]string
SELinuxOptions: level role type user
SeccompProfile: localhostProfile type
VolumeDevice: devicePath name
VolumeMount: mountPath mountPropagation name readOnly:bool recursiveReadOnly subPath subPathExpr
PodDNSConfig: nameservers:[]string options:[]PodDNSConfigOption searches:[]string
PodDNSConfigOption: name value
HostAlias: hostnames:[]string ip
LocalObjectReference: name
PodOS: name
PodReadinessGate: conditionType
PodResourceClaim: name resourceClaimName resourceClaimTemplateName
PodSchedulingGate: name
PodSchedulingGroup: podGroupName
PodSecurityContext: appArmorProfile:AppArmorProfile fsGroup:int64 fsGroupChangePolicy runAsGroup:int64
  runAsNonRoot:bool runAsUser:int64 seLinuxChangePolicy seLinuxOptions:SELinuxOptions seccompProfile:SeccompProfile
  supplementalGroups:[]int64 supplementalGroupsPolicy sysctls:[]Sysctl windowsOptions:any
Sysctl: name value
Toleration: effect key operator tolerationSeconds:int64 value
TopologySpreadConstraint: labelSelector:LabelSelector matchLabelKeys:[]string maxSkew:int32 minDomains:int32
  nodeAffinityPolicy nodeTaintsPolicy topologyKey whenUnsatisfiable
Volume: awsElasticBlockStore:any azureDisk:any azureFile:any cephfs:any cinder:any configMap:ConfigMapVolumeSource
  csi:any downwardAPI:DownwardAPIVolumeSource emptyDir:EmptyDirVolumeSource ephemeral:any fc:any flexVolume:any
  flocker:any gcePersistentDisk:any gitRepo:any glusterfs:any hostPath:HostPathVolumeSource image:any iscsi:any name
  nfs:NFSVolumeSource persistentVolumeClaim:PersistentVolumeClaimVolumeSource photonPersistentDisk:any
  portworxVolume:any projected:ProjectedVolumeSource quobyte:any rbd:any scaleIO:any secret:SecretVolumeSource
  storageos:any vsphereVolume:any
ConfigMapVolumeSource: defaultMode:int32 items:[]KeyToPath name optional:bool
KeyToPath: key mode:int32 path
DownwardAPIVolumeSource: defaultMode:int32 items:[]DownwardAPIVolumeFile
DownwardAPIVolumeFile: fieldRef:ObjectFieldSelector mode:int32 path resourceFieldRef:ResourceFieldSelector
EmptyDirVolumeSource: medium sizeLimit:Quantity
HostPathVolumeSource: path type
NFSVolumeSource: path readOnly:bool server
PersistentVolumeClaimVolumeSource: claimName readOnly:bool
ProjectedVolumeSource: defaultMode:int32 sources:[]VolumeProjection
VolumeProjection: clusterTrustBundle:any configMap:ConfigMapProjection downwardAPI:DownwardAPIProjection
  podCertificate:any secret:SecretProjection serviceAccountToken:ServiceAccountTokenProjection
ConfigMapProjection: items:[]KeyToPath name optional:bool
DownwardAPIProjection: items:[]DownwardAPIVolumeFile
SecretProjection: items:[]KeyToPath name optional:bool
ServiceAccountTokenProjection: audience expirationSeconds:int64 path
SecretVolumeSource: defaultMode:int32 items:[]KeyToPath optional:bool secretName
JobStatus: active:int32 completedIndexes completionTime:Time conditions:[]JobCondition failed:int32 failedIndexes
  ready:int32 startTime:Time succeeded:int32 terminating:int32 uncountedTerminatedPods:UncountedTerminatedPods
JobCondition: lastProbeTime:Time lastTransitionTime:Time message reason status type
UncountedTerminatedPods: failed:[]string succeeded:[]string
Pod: apiVersion kind metadata:ObjectMeta spec:PodSpec status:any
ConfigMap: apiVersion kind metadata:ObjectMeta data:{}string binaryData:{}string immutable:bool
Event: apiVersion kind metadata:ObjectMeta action count:int32 eventTime:any firstTimestamp:Time involvedObject:any
  lastTimestamp:Time message reason related:any reportingComponent reportingInstance series:any source:any type
LimitRange: apiVersion kind metadata:ObjectMeta spec:LimitRangeSpec
LimitRangeSpec: limits:[]LimitRangeItem
LimitRangeItem: default:{}Quantity defaultRequest:{}Quantity max:{}Quantity maxLimitRequestRatio:{}Quantity
  min:{}Quantity type
Namespace: apiVersion kind metadata:ObjectMeta spec:any status:any
Node: apiVersion kind metadata:ObjectMeta spec:any status:any
PersistentVolumeClaim: apiVersion kind metadata:ObjectMeta spec:any status:any
ResourceQuota: apiVersion kind metadata:ObjectMeta spec:ResourceQuotaSpec status:any
ResourceQuotaSpec: hard:{}Quantity scopeSelector:any scopes:[]string
Secret: apiVersion kind metadata:ObjectMeta data:{}string immutable:bool stringData:{}string type
ServiceAccount: apiVersion kind metadata:ObjectMeta automountServiceAccountToken:bool imagePullSecrets:any secrets:any
DeleteOptions: apiVersion kind dryRun:[]string gracePeriodSeconds:int64
  ignoreStoreReadErrorWithClusterBreakingPotential:bool orphanDependents:bool preconditions:Preconditions
  propagationPolicy
Preconditions: resourceVersion uid
SelfSubjectAccessReview: apiVersion kind metadata:ObjectMeta spec:SelfSubjectAccessReviewSpec status:any
SelfSubjectAccessReviewSpec: nonResourceAttributes:NonResourceAttributes resourceAttributes:ResourceAttributes
NonResourceAttributes: path verb
ResourceAttributes: fieldSelector:any group labelSelector:any name namespace resource subresource verb version
SelfSubjectRulesReview: apiVersion kind metadata:ObjectMeta spec:SelfSubjectRulesReviewSpec status:any
SelfSubjectRulesReviewSpec: namespace
SelfSubjectReview: apiVersion kind metadata:ObjectMeta status:any
"""


@cache
def types() -> dict[str, dict[str, str]]:
    """Each type's fields."""
    found: dict[str, dict[str, str]] = {}
    for line in _TYPES.replace("\n  ", " ").strip().splitlines():
        name, _, fields = line.partition(": ")
        pairs = (field.partition(":") for field in fields.split())
        found[name] = {field: kind or "string" for field, _, kind in pairs}
    return found
