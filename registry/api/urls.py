"""The registry's part of the API: what is read has an ETag, and costs an unchanged reader nothing but a 304."""

from django.urls import path
from django.views.decorators.http import conditional_page

from registry.api import evaluation, reads, writes

app_name = "registry-api"
urlpatterns = [
    path("epochs/", conditional_page(writes.EpochList.as_view()), name="epochs"),
    path("epochs/compare/", conditional_page(reads.EpochCompare.as_view()), name="epoch-compare"),
    path("epochs/<int:number>/", conditional_page(reads.EpochDetail.as_view()), name="epoch"),
    path("epochs/<int:number>/what-if/", conditional_page(reads.WhatIf.as_view()), name="what-if"),
    path("epochs/<int:number>/polls/", writes.PollImport.as_view(), name="epoch-polls"),
    path("epochs/<int:number>/mapping/", writes.Mapping.as_view(), name="epoch-mapping"),
    path("epochs/<int:number>/target/", writes.Target.as_view(), name="epoch-target"),
    path("epochs/<int:number>/plan/", writes.EpochPlan.as_view(), name="epoch-plan"),
    path("epochs/<int:number>/announce/", writes.Announce.as_view(), name="epoch-announce"),
    path("epochs/<int:number>/rollback/", writes.Rollback.as_view(), name="epoch-rollback"),
    path("plans/<slug:plan_hash>/", writes.PlanDetail.as_view(), name="plan"),
    path("plans/<slug:plan_hash>/approve/", writes.Approve.as_view(), name="plan-approve"),
    path("plans/<slug:plan_hash>/apply/", writes.Apply.as_view(), name="plan-apply"),
    path("policies/", conditional_page(reads.PolicyList.as_view()), name="policies"),
    path("policies/evaluate/", evaluation.Evaluate.as_view(), name="evaluate"),
    path("policies/<slug:slug>/<int:version>/", conditional_page(reads.PolicyDetail.as_view()), name="policy"),
    path("changes/", conditional_page(reads.ChangeList.as_view()), name="changes"),
    path("changes/<int:serial>/", conditional_page(reads.ChangeDetail.as_view()), name="change"),
    path("exchanges/<str:slug>/tier/", conditional_page(reads.Tier.as_view()), name="tier"),
    path("state/", conditional_page(reads.State.as_view()), name="state"),
]
